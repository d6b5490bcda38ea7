package android.graphics;

import java.util.ArrayList;
import java.util.List;

/** Remembers what was drawn. */
public class Canvas {
    public final List<String> drawn = new ArrayList<>();

    public void drawColor(int argb) {
        drawn.add("color");
    }

    public void drawCircle(float x, float y, float radius, Paint paint) {
        drawn.add("circle");
    }

    public void drawPath(Path path, Paint paint) {
        drawn.add("path");
    }

    public void drawText(String text, float x, float y, Paint paint) {
        drawn.add(text);
    }
}
