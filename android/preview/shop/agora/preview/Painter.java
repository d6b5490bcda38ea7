package shop.agora.preview;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.Shape;
import java.awt.geom.AffineTransform;
import java.awt.geom.Arc2D;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.awt.geom.RoundRectangle2D;
import java.util.List;
import org.w3c.dom.Element;
import shop.agora.core.Picture;

/** Draws placed views: backgrounds, texts, icons, pictures. */
final class Painter {
    private final Graphics2D canvas;
    private final TextShaper texts;

    Painter(Graphics2D canvas, TextShaper texts) {
        this.canvas = canvas;
        this.texts = texts;
        canvas.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        canvas.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        canvas.setRenderingHint(RenderingHints.KEY_FRACTIONALMETRICS, RenderingHints.VALUE_FRACTIONALMETRICS_ON);
        canvas.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
    }

    void paint(Box box) {
        if (box.isGone()) {
            return;
        }
        Shape before = canvas.getClip();
        canvas.clipRect(box.left, box.top, box.width, box.height);
        String background = box.get("background");
        if (background != null) {
            drawable(box, background, box.left, box.top, box.width, box.height, 0);
        }
        content(box);
        for (Box child : box.children) {
            paint(child);
        }
        canvas.setClip(before);
    }

    private void content(Box box) {
        if (texts.isText(box)) {
            text(box);
        } else if (box.is("ImageView", "ImageButton") && box.get("src") != null) {
            int tint = box.get("tint") == null ? 0 : box.resources.color(box.get("tint"), box.state);
            int side = Math.min(box.width - box.padding("Start") - box.padding("End"),
                    box.height - box.padding("Top") - box.padding("Bottom"));
            drawable(box, box.get("src"), box.left + (box.width - side) / 2, box.top + (box.height - side) / 2, side,
                    side, tint);
        } else if (box.is("PictureView") && box.picture != null) {
            picture(box);
        } else if (box.is("ProgressBar")) {
            progress(box);
        }
    }

    private void drawable(Box box, String reference, int x, int y, int width, int height, int tint) {
        if (reference.startsWith("#") || reference.startsWith("@color/") || reference.equals("@android:color/transparent")) {
            fill(box.resources.color(reference, box.state), new java.awt.Rectangle(x, y, width, height));
        } else if (!reference.equals("@null")) {
            drawable(box, box.resources.file(reference), x, y, width, height, tint);
        }
    }

    private void drawable(Box box, Element drawable, int x, int y, int width, int height, int tint) {
        switch (drawable.getTagName()) {
            case "shape" -> shape(box, drawable, x, y, width, height);
            case "vector" -> vector(box, drawable, x, y, width, height, tint);
            case "selector" -> item(box, Resources.chosen(drawable, box.state), x, y, width, height, tint);
            case "layer-list" -> item(box, Resources.children(drawable).get(0), x, y, width, height, tint);
            case "ripple" -> {
                for (Element item : Resources.children(drawable)) {
                    // A mask only bounds the ripple, which is not to be seen on a picture.
                    if (!item.getAttributeNS(Resources.ANDROID, "id").endsWith("mask")) {
                        item(box, item, x, y, width, height, tint);
                    }
                }
            }
            default -> throw new IllegalArgumentException("not drawn yet: " + drawable.getTagName());
        }
    }

    private void item(Box box, Element item, int x, int y, int width, int height, int tint) {
        String reference = item.getAttributeNS(Resources.ANDROID, "drawable");
        if (reference.isEmpty()) {
            drawable(box, Resources.children(item).get(0), x, y, width, height, tint);
        } else {
            drawable(box, reference, x, y, width, height, tint);
        }
    }

    private void fill(int argb, Shape shape) {
        canvas.setColor(new Color(argb, true));
        canvas.fill(shape);
    }

    private void shape(Box box, Element shape, int x, int y, int width, int height) {
        float radius = 0;
        Element stroke = null;
        int solid = 0;
        for (Element part : Resources.children(shape)) {
            switch (part.getTagName()) {
                case "corners" -> radius = box.resources.pixels(part.getAttributeNS(Resources.ANDROID, "radius"));
                case "solid" -> solid = box.resources.color(part.getAttributeNS(Resources.ANDROID, "color"), box.state);
                default -> stroke = part;
            }
        }
        float wide = stroke == null ? 0 : box.resources.pixels(stroke.getAttributeNS(Resources.ANDROID, "width"));
        float arc = Math.min(radius * 2, Math.min(width, height));
        Shape outline = new RoundRectangle2D.Float(x + wide / 2, y + wide / 2, width - wide, height - wide, arc, arc);
        fill(solid, outline);
        if (stroke != null) {
            canvas.setStroke(new BasicStroke(wide));
            String color = stroke.getAttributeNS(Resources.ANDROID, "color");
            canvas.setColor(new Color(box.resources.color(color, box.state), true));
            canvas.draw(outline);
        }
    }

    private void vector(Box box, Element vector, int x, int y, int width, int height, int tint) {
        double grid = Double.parseDouble(vector.getAttributeNS(Resources.ANDROID, "viewportWidth"));
        AffineTransform before = canvas.getTransform();
        canvas.translate(x, y);
        canvas.scale(width / grid, height / grid);
        for (Element part : Resources.children(vector)) {
            Path2D path = VectorPath.parse(part.getAttributeNS(Resources.ANDROID, "pathData"));
            String color = part.getAttributeNS(Resources.ANDROID, "fillColor");
            String stroke = part.getAttributeNS(Resources.ANDROID, "strokeColor");
            int own = box.resources.color(color.isEmpty() ? stroke : color, box.state);
            canvas.setColor(new Color(tint != 0 ? tint : own, true));
            if (!color.isEmpty()) {
                canvas.fill(path);
            } else {
                float wide = Float.parseFloat(part.getAttributeNS(Resources.ANDROID, "strokeWidth"));
                canvas.setStroke(new BasicStroke(wide, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
                canvas.draw(path);
            }
        }
        canvas.setTransform(before);
    }

    private void text(Box box) {
        Font font = texts.font(box);
        int aside = texts.drawableRoom(box);
        int room = box.width - box.padding("Start") - box.padding("End") - aside;
        List<String> lines = texts.lines(box, room);
        float lineHeight = texts.lineHeight(box);
        String gravity = box.get("gravity", box.is("EditText") ? "center_vertical" : "");
        boolean isHint = box.get("text", "").isEmpty();
        String color = box.get(isHint ? "textColorHint" : "textColor", "@color/ink");
        int inside = box.height - box.padding("Top") - box.padding("Bottom");
        boolean isMiddle = gravity.equals("center") || gravity.contains("center_vertical");
        float top = box.top + box.padding("Top") + (isMiddle ? (inside - lines.size() * lineHeight) / 2 : 0);
        int left = box.left + box.padding("Start");
        if (aside > 0) {
            int side = box.resources.pixels("24dp");
            int tint = box.resources.color(box.get("drawableTint"), box.state);
            drawable(box, box.get("drawableStart"), left, box.top + (box.height - side) / 2, side, side, tint);
        }
        canvas.setFont(font);
        canvas.setColor(new Color(box.resources.color(color, box.state), true));
        for (String line : lines) {
            boolean isCentered = gravity.equals("center") || gravity.contains("center_horizontal");
            float x = left + aside + (isCentered ? (room - TextShaper.widthOf(font, line)) / 2 : 0);
            canvas.drawString(line, x, top + lineHeight / 2 + font.getSize2D() * 0.355f);
            top += lineHeight;
        }
    }

    private void picture(Box box) {
        Picture picture = new Picture(box.picture[0], box.picture[1], box.resources.device.isNight);
        Shape before = canvas.getClip();
        float corner = Math.min(box.resources.pixels("13dp"), box.height / 5f) * 2;
        canvas.clip(new RoundRectangle2D.Float(box.left, box.top, box.width, box.height, corner, corner));
        fill(picture.background, before.getBounds());
        float side = Math.max(box.width, box.height);
        float left = box.left + (box.width - side) / 2;
        float top = box.top + (box.height - side) / 2;
        for (Picture.Shape shape : picture.shapes) {
            fill(shape.argb, shape(shape, left, top, side));
        }
        Font font = texts.font(true, box.height * 0.36f);
        canvas.setFont(font);
        canvas.setColor(new Color(picture.letterColor, true));
        canvas.drawString(picture.letters, box.left + (box.width - TextShaper.widthOf(font, picture.letters)) / 2,
                box.top + box.height / 2f + font.getSize2D() * 0.355f);
        canvas.setClip(before);
    }

    private static Shape shape(Picture.Shape shape, float left, float top, float side) {
        float[] n = shape.numbers;
        if (shape.isCircle()) {
            float radius = n[2] * side;
            return new Ellipse2D.Float(left + n[0] * side - radius, top + n[1] * side - radius, radius * 2, radius * 2);
        }
        Path2D path = new Path2D.Float();
        path.moveTo(left + n[0] * side, top + n[1] * side);
        for (int i = 2; i < n.length; i += 2) {
            path.lineTo(left + n[i] * side, top + n[i + 1] * side);
        }
        path.closePath();
        return path;
    }

    private void progress(Box box) {
        String bar = box.get("progressDrawable");
        if (bar == null) {
            float wide = box.width / 10f;
            canvas.setColor(new Color(box.resources.color("@color/primary", "idle"), true));
            canvas.setStroke(new BasicStroke(wide, BasicStroke.CAP_SQUARE, BasicStroke.JOIN_ROUND));
            float inset = box.width * 0.16f;
            canvas.draw(new Arc2D.Float(box.left + inset, box.top + inset, box.width - 2 * inset, box.height - 2 * inset,
                    90, -250, Arc2D.OPEN));
            return;
        }
        List<Element> layers = Resources.children(box.resources.file(bar));
        item(box, layers.get(0), box.left, box.top, box.width, box.height, 0);
        Shape before = canvas.getClip();
        canvas.clipRect(box.left, box.top, box.width * box.progress / 1000, box.height);
        item(box, Resources.children(layers.get(1)).get(0), box.left, box.top, box.width, box.height, 0);
        canvas.setClip(before);
    }
}
