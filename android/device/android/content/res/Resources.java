package android.content.res;

import android.util.DisplayMetrics;
import java.lang.reflect.Field;
import shop.agora.preview.Box;

/** The app's real resources, by the numbers that its build gave them. */
public class Resources {
    private final shop.agora.preview.Resources files;

    public Resources(shop.agora.preview.Resources files) {
        this.files = files;
    }

    public shop.agora.preview.Resources files() {
        return files;
    }

    /** {@code @string/title} for {@code R.string.title}. */
    public static String reference(String type, int id) {
        try {
            for (Field field : Class.forName("shop.agora.app.R$" + type).getFields()) {
                if (field.getInt(null) == id) {
                    return "@" + type + "/" + field.getName();
                }
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
        throw new IllegalArgumentException("no " + type + " " + id);
    }

    /** The number of {@code @+id/title}. */
    public static int id(String reference) {
        try {
            return Class.forName("shop.agora.app.R$id").getField(reference.replace("@+id/", "")).getInt(null);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String name(String type, int id) {
        return reference(type, id).substring(type.length() + 2);
    }

    public Box layout(int id) {
        return Box.inflate(files, name("layout", id));
    }

    public int color(int id) {
        return files.color(reference("color", id), "idle");
    }

    public String getString(int id) {
        return files.string(name("string", id));
    }

    public String getString(int id, Object... arguments) {
        return files.string(name("string", id), arguments);
    }

    public String getQuantityString(int id, int count, Object... arguments) {
        return files.plural(name("plurals", id), count, arguments);
    }

    public int getDimensionPixelSize(int id) {
        return files.pixels(reference("dimen", id));
    }

    public Configuration getConfiguration() {
        Configuration configuration = new Configuration();
        configuration.uiMode = files.device.isNight ? Configuration.UI_MODE_NIGHT_YES : Configuration.UI_MODE_NIGHT_NO;
        return configuration;
    }

    public DisplayMetrics getDisplayMetrics() {
        DisplayMetrics metrics = new DisplayMetrics();
        metrics.density = files.device.scale;
        return metrics;
    }
}
