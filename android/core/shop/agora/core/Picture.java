package shop.agora.core;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * A product's picture, made up from its category (colours and pattern) and name (arrangement and letters), in a square
 * of side 1: a product always looks the same, and a category's products look like a family. An order does not know its
 * product's category: there the name stands in for it.
 */
public final class Picture {
    /** A filled shape. */
    public static final class Shape {
        /** Centre and radius for a circle (3 numbers), else the corners x, y, x, y, … of a polygon. */
        public final float[] numbers;
        public final int argb;

        private Shape(int argb, float... numbers) {
            this.argb = argb;
            this.numbers = numbers;
        }

        public boolean isCircle() {
            return numbers.length == 3;
        }
    }

    private static final int PATTERNS = 4;

    public final int background;
    public final List<Shape> shapes;
    public final String letters;
    public final int letterColor;
    private long seed;

    public Picture(String category, String name, boolean isDark) {
        int family = mixed(category);
        float hue = (family >>> 4 & 0xffff) % 360;
        background = hsl(hue, isDark ? 0.28f : 0.42f, isDark ? 0.20f : 0.90f);
        letterColor = hsl(hue, isDark ? 0.45f : 0.60f, isDark ? 0.86f : 0.22f);
        letters = letters(name);
        seed = mixed(name) & 0xffffffffL;
        int strong = hsl(hue, isDark ? 0.36f : 0.52f, isDark ? 0.29f : 0.80f);
        int other = hsl((hue + 28) % 360, isDark ? 0.36f : 0.56f, isDark ? 0.25f : 0.85f);
        shapes = Collections.unmodifiableList(arranged((family >>> 20) % PATTERNS, strong, other));
    }

    private List<Shape> arranged(int pattern, int strong, int other) {
        List<Shape> shapes = new ArrayList<Shape>();
        for (int i = 0; i < 4; i++) {
            float x = next();
            float y = next();
            float size = 0.22f + 0.26f * next();
            int color = i % 2 == 0 ? strong : other;
            switch (pattern) {
                case 0:
                    shapes.add(new Shape(color, x, y, size));
                    break;
                case 1:
                    shapes.add(new Shape(color, x - size, 1.1f, x + size * 0.4f, -0.1f, x + size * 1.2f, -0.1f,
                            x - size * 0.2f, 1.1f));
                    break;
                case 2:
                    shapes.add(new Shape(color, x - size, y + size * 0.8f, x, y - size, x + size, y + size * 0.8f));
                    break;
                default:
                    shapes.add(new Shape(color, x, y - size, x + size, y, x, y + size, x - size, y));
                    break;
            }
        }
        return shapes;
    }

    /** The next of a row of numbers from 0 to 1 that the name decides. */
    private float next() {
        seed = (seed * 1103515245L + 12345L) & 0x7fffffffL;
        return (seed >>> 8) / (float) (0x7fffffffL >>> 8);
    }

    /** The first letters of the first two words. */
    private static String letters(String name) {
        StringBuilder letters = new StringBuilder();
        for (String word : name.trim().split("[^\\p{L}\\p{N}]+")) {
            if (!word.isEmpty() && letters.codePointCount(0, letters.length()) < 2) {
                letters.appendCodePoint(word.codePointAt(0));
            }
        }
        return letters.toString().toUpperCase(Locale.ROOT);
    }

    /** Spreads similar texts far apart (the finalizer of MurmurHash3 over the text's own hash). */
    private static int mixed(String text) {
        int h = text.hashCode();
        h = (h ^ (h >>> 16)) * 0x85ebca6b;
        h = (h ^ (h >>> 13)) * 0xc2b2ae35;
        return h ^ (h >>> 16);
    }

    private static int hsl(float hue, float saturation, float lightness) {
        float reach = saturation * Math.min(lightness, 1 - lightness);
        return 0xff000000 | channel(0, hue, reach, lightness) << 16 | channel(8, hue, reach, lightness) << 8
                | channel(4, hue, reach, lightness);
    }

    private static int channel(int offset, float hue, float reach, float lightness) {
        float k = (offset + hue / 30) % 12;
        return Math.round(255 * (lightness - reach * Math.max(-1, Math.min(Math.min(k - 3, 9 - k), 1))));
    }
}
