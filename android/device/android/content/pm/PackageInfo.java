package android.content.pm;

/** See {@link shop.agora.device.Device}. */
public class PackageInfo {
    public String versionName = "0.0.0";
}
