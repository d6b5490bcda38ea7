package shop.agora.preview;

import java.awt.geom.AffineTransform;
import java.awt.geom.Arc2D;
import java.awt.geom.Path2D;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The path of a vector drawable, of as much of its language as the app's icons use: M, L, A and Z. */
final class VectorPath {
    private static final Pattern COMMAND = Pattern.compile("([MLAZ])([^MLAZ]*)");

    private VectorPath() {}

    static Path2D parse(String data) {
        Path2D path = new Path2D.Double();
        Matcher matcher = COMMAND.matcher(data.trim());
        int end = 0;
        while (matcher.find()) {
            if (matcher.start() != end) {
                throw new IllegalArgumentException("not understood: " + data);
            }
            end = matcher.end();
            apply(path, matcher.group(1).charAt(0), numbers(matcher.group(2)));
        }
        return path;
    }

    private static double[] numbers(String text) {
        String[] parts = text.trim().split("[ ,]+");
        double[] numbers = new double[text.isBlank() ? 0 : parts.length];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = Double.parseDouble(parts[i]);
        }
        return numbers;
    }

    private static void apply(Path2D path, char command, double[] n) {
        switch (command) {
            case 'M' -> path.moveTo(n[0], n[1]);
            case 'L' -> path.lineTo(n[0], n[1]);
            case 'Z' -> path.closePath();
            default -> arc(path, n[0], n[1], n[3] != 0, n[4] != 0, n[5], n[6]);
        }
    }

    /** From the end points to the centre, as SVG's implementation notes (F.6.5) say, without rotation. */
    private static void arc(Path2D path, double rx, double ry, boolean isLarge, boolean isSweep, double x2, double y2) {
        double x1 = path.getCurrentPoint().getX();
        double y1 = path.getCurrentPoint().getY();
        double dx = (x1 - x2) / 2;
        double dy = (y1 - y2) / 2;
        double grow = Math.max(1, Math.sqrt(dx * dx / (rx * rx) + dy * dy / (ry * ry)));
        rx *= grow;
        ry *= grow;
        double part = dx * dx * ry * ry + dy * dy * rx * rx;
        double factor = Math.sqrt(Math.max(0, (rx * rx * ry * ry - part) / part)) * (isLarge == isSweep ? -1 : 1);
        double cx = factor * rx * dy / ry + (x1 + x2) / 2;
        double cy = -factor * ry * dx / rx + (y1 + y2) / 2;
        double from = Math.toDegrees(Math.atan2((y1 - cy) / ry, (x1 - cx) / rx));
        double sweep = Math.toDegrees(Math.atan2((y2 - cy) / ry, (x2 - cx) / rx)) - from;
        sweep += isSweep && sweep < 0 ? 360 : !isSweep && sweep > 0 ? -360 : 0;
        Arc2D arc = new Arc2D.Double(-1, -1, 2, 2, -from, -sweep, Arc2D.OPEN);
        AffineTransform place = new AffineTransform(rx, 0, 0, ry, cx, cy);
        path.append(place.createTransformedShape(arc), true);
    }
}
