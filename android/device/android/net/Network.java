package android.net;

/** See {@link shop.agora.device.Device}. */
public class Network {}
