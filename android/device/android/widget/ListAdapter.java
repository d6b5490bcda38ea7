package android.widget;

/** See {@link shop.agora.device.Device}. */
public interface ListAdapter extends Adapter {}
