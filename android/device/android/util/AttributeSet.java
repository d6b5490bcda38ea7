package android.util;

/** See {@link shop.agora.device.Device}: here always a {@link shop.agora.device.Attributes}. */
public interface AttributeSet {}
