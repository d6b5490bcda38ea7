package android.content.pm;

/** See {@link shop.agora.device.Device}. */
public class PackageManager {
    /** No such package. */
    public static class NameNotFoundException extends Exception {
        private static final long serialVersionUID = 1;
    }

    public PackageInfo getPackageInfo(String name, int flags) throws NameNotFoundException {
        return new PackageInfo();
    }
}
