package android.text;

/** See {@link shop.agora.device.Device}. */
public interface Editable extends CharSequence {}
