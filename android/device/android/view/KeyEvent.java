package android.view;

/** See {@link shop.agora.device.Device}. */
public class KeyEvent {}
