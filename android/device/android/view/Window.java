package android.view;

/** See {@link shop.agora.device.Device}. */
public class Window {
    private final View decor;

    public Window(View decor) {
        this.decor = decor;
    }

    public View getDecorView() {
        return decor;
    }

    public void setNavigationBarColor(int argb) {}
}
