package android.content;

import android.content.pm.PackageManager;
import android.content.res.Resources;
import android.net.ConnectivityManager;
import java.io.File;
import shop.agora.device.Device;

/** See {@link Device}. */
public class Context {
    public static final String CONNECTIVITY_SERVICE = "connectivity";

    private Device device;

    public void attach(Device to) {
        device = to;
    }

    public Device device() {
        return device;
    }

    public Context getApplicationContext() {
        return device.application();
    }

    public Resources getResources() {
        return device.resources();
    }

    public int getColor(int id) {
        return getResources().color(id);
    }

    public String getString(int id) {
        return getResources().getString(id);
    }

    public String getString(int id, Object... arguments) {
        return getResources().getString(id, arguments);
    }

    public Object getSystemService(String name) {
        if (!name.equals(CONNECTIVITY_SERVICE)) {
            throw new UnsupportedOperationException(name);
        }
        return new ConnectivityManager(device);
    }

    public File getNoBackupFilesDir() {
        return device.noBackupFolder();
    }

    public String getPackageName() {
        return "shop.agora.app";
    }

    public PackageManager getPackageManager() {
        return new PackageManager();
    }

    public void startActivity(Intent intent) {
        device.start(intent, null, 0);
    }
}
