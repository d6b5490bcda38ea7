package android.os;

/** See {@link shop.agora.device.Device}. */
public class Build {
    /** Of Android: 14. */
    public static class VERSION {
        /** Not a constant, so that it is not compiled into the app. */
        public static final int SDK_INT = Integer.parseInt("34");
    }
}
