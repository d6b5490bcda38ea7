package shop.agora.preview;

import java.awt.Font;
import java.awt.FontFormatException;
import java.awt.font.FontRenderContext;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Text as Android would break it into lines, in Android's own typeface. */
final class TextShaper {
    private static final FontRenderContext CONTEXT = new FontRenderContext(null, true, true);
    private static final float LINE_OF_SIZE = 1.172f;

    private final Font regular;
    private final Font medium;

    TextShaper(Path fonts) throws IOException, FontFormatException {
        regular = Font.createFont(Font.TRUETYPE_FONT, fonts.resolve("Roboto-Regular.ttf").toFile());
        medium = Font.createFont(Font.TRUETYPE_FONT, fonts.resolve("Roboto-Medium.ttf").toFile());
    }

    boolean isText(Box box) {
        return box.is("TextView", "EditText", "Button");
    }

    Font font(Box box) {
        return font(box.get("fontFamily", "").contains("medium"), box.resources.pixels(box.get("textSize", "14sp")));
    }

    Font font(boolean isMedium, float pixels) {
        return (isMedium ? medium : regular).deriveFont(pixels);
    }

    static float widthOf(Font font, String text) {
        return (float) font.getStringBounds(text, CONTEXT).getWidth();
    }

    /** What stands in the field: the text, dots for a password, or the hint. */
    static String shownText(Box box) {
        String text = box.resources.text(box.get("text", ""));
        if (!text.isEmpty()) {
            return box.get("inputType", "").equals("textPassword") ? "•".repeat(text.length()) : text;
        }
        return box.resources.text(box.get("hint", ""));
    }

    float lineHeight(Box box) {
        return font(box).getSize2D() * LINE_OF_SIZE * Float.parseFloat(box.get("lineSpacingMultiplier", "1"));
    }

    int baseline(Box box) {
        return Math.round(box.padding("Top") + lineHeight(box) / 2 + font(box).getSize2D() * 0.355f);
    }

    int drawableRoom(Box box) {
        return box.get("drawableStart") == null ? 0 : box.resources.pixels("24dp") + box.pixels("drawablePadding");
    }

    int[] measure(Box box, int most) {
        String maxWidth = box.get("maxWidth");
        int limit = maxWidth == null ? most : Math.min(most, box.resources.pixels(maxWidth));
        int aside = box.padding("Start") + box.padding("End") + drawableRoom(box);
        List<String> lines = lines(box, limit - aside);
        float widest = 0;
        for (String line : lines) {
            widest = Math.max(widest, widthOf(font(box), line));
        }
        int count = box.get("lines") == null ? lines.size() : Integer.parseInt(box.get("lines"));
        int high = Math.round(count * lineHeight(box)) + box.padding("Top") + box.padding("Bottom");
        return new int[] {(int) Math.ceil(widest) + aside, high};
    }

    List<String> lines(Box box, int width) {
        Font font = font(box);
        List<String> lines = new ArrayList<>();
        for (String paragraph : shownText(box).split("\n", -1)) {
            StringBuilder line = new StringBuilder();
            for (String word : paragraph.split(" ", -1)) {
                String longer = line.length() == 0 ? word : line + " " + word;
                if (line.length() > 0 && widthOf(font, longer) > width) {
                    lines.add(line.toString());
                    line.setLength(0);
                    line.append(word);
                } else {
                    line.setLength(0);
                    line.append(longer);
                }
            }
            lines.add(line.toString());
        }
        int most = box.get("singleLine") != null ? 1 : Integer.parseInt(box.get("maxLines", box.get("lines", "99")));
        if (lines.size() > most) {
            lines = new ArrayList<>(lines.subList(0, most));
            String last = lines.get(most - 1);
            while (!last.isEmpty() && widthOf(font, last + "…") > width) {
                last = last.substring(0, last.length() - 1);
            }
            lines.set(most - 1, last.trim() + "…");
        }
        return lines;
    }
}
