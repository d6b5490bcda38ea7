package shop.agora.preview;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Measures and places views by the rules of Android's LinearLayout, FrameLayout, ScrollView, lists and grids. */
final class Layout {
    /** How much room there is: exactly so much, at most so much, or as much as one likes. */
    private static final class Room {
        static final Room ANY = new Room(false, Integer.MAX_VALUE / 4);
        final boolean isExact;
        final int pixels;

        Room(boolean isExact, int pixels) {
            this.isExact = isExact;
            this.pixels = Math.max(0, pixels);
        }

        boolean isAny() {
            return pixels == ANY.pixels;
        }

        Room less(int taken) {
            return isAny() ? this : new Room(isExact, pixels - taken);
        }

        int of(int wanted) {
            return isExact ? pixels : Math.min(wanted, pixels);
        }
    }

    private final TextShaper texts;

    Layout(TextShaper texts) {
        this.texts = texts;
    }

    void fill(Box root, int width, int height) {
        measure(root, new Room(true, width), new Room(true, height));
        place(root, 0, 0);
    }

    private Room forChild(Box child, String side, Room parent, int taken) {
        String wanted = child.get("layout_" + side, "wrap_content");
        Room inner = parent.less(taken);
        if (wanted.equals("match_parent")) {
            return inner;
        }
        return wanted.equals("wrap_content") ? new Room(false, inner.pixels)
                : new Room(true, child.resources.pixels(wanted));
    }

    private static int marginX(Box box) {
        return box.pixels("layout_marginStart") + box.pixels("layout_marginEnd");
    }

    private static int marginY(Box box) {
        return box.pixels("layout_marginTop") + box.pixels("layout_marginBottom");
    }

    private static int paddingX(Box box) {
        return box.padding("Start") + box.padding("End");
    }

    private static int paddingY(Box box) {
        return box.padding("Top") + box.padding("Bottom");
    }

    private static List<Box> shown(Box box) {
        return box.children.stream().filter(c -> !c.isGone()).collect(Collectors.toList());
    }

    private void measure(Box box, Room width, Room height) {
        if (box.is("Column")) {
            Room most = new Room(width.isExact, Math.min(width.pixels, box.resources.pixels("@dimen/column_width")));
            measureLine(box, most, height, true);
        } else if (box.is("LinearLayout")) {
            measureLine(box, width, height, box.get("orientation", "horizontal").equals("vertical"));
        } else if (box.is("FrameLayout")) {
            measureFrame(box, width, height);
        } else if (box.is("ScrollView")) {
            measureScroll(box, width, height);
        } else if (box.is("ListView", "GridView")) {
            measureList(box, width, height);
        } else {
            int[] wanted = texts.isText(box) ? texts.measure(box, width.isAny() ? Integer.MAX_VALUE / 4 : width.pixels)
                    : new int[] {paddingX(box), paddingY(box)};
            box.width = width.of(Math.max(wanted[0], box.pixels("minWidth")));
            box.height = height.of(Math.max(wanted[1], box.pixels("minHeight")));
        }
    }

    private void measureLine(Box box, Room width, Room height, boolean isVertical) {
        int used = 0;
        int across = 0;
        float weights = 0;
        List<Box> weighted = new ArrayList<>();
        for (Box child : shown(box)) {
            float weight = Float.parseFloat(child.get("layout_weight", "0"));
            if (weight > 0 && (isVertical ? height : width).isExact) {
                weights += weight;
                weighted.add(child);
                used += isVertical ? marginY(child) : marginX(child);
                continue;
            }
            measureInLine(box, child, width, height, isVertical, used);
            used += isVertical ? child.height + marginY(child) : child.width + marginX(child);
        }
        int rest = (isVertical ? height.pixels - paddingY(box) : width.pixels - paddingX(box)) - used;
        for (Box child : weighted) {
            int share = Math.max(0, Math.round(rest * Float.parseFloat(child.get("layout_weight")) / weights));
            Room along = new Room(true, share);
            if (isVertical) {
                measure(child, forChild(child, "width", width, paddingX(box) + marginX(child)), along);
            } else {
                measure(child, along, forChild(child, "height", height, paddingY(box) + marginY(child)));
            }
            used += share;
        }
        for (Box child : shown(box)) {
            across = Math.max(across, isVertical ? child.width + marginX(child) : child.height + marginY(child));
        }
        box.width = width.of(paddingX(box) + (isVertical ? across : used));
        box.height = height.of(Math.max(box.pixels("minHeight"), paddingY(box) + (isVertical ? used : across)));
        stretch(box, isVertical);
    }

    private void measureInLine(Box box, Box child, Room width, Room height, boolean isVertical, int used) {
        int usedX = paddingX(box) + marginX(child) + (isVertical ? 0 : used);
        int usedY = paddingY(box) + marginY(child) + (isVertical ? used : 0);
        measure(child, forChild(child, "width", width, usedX), forChild(child, "height", height, usedY));
    }

    /** Children as high as a row that got its height only from its other children. */
    private void stretch(Box box, boolean isVertical) {
        for (Box child : shown(box)) {
            boolean isStretched = !isVertical && child.get("layout_height", "").equals("match_parent");
            if (isStretched) {
                measure(child, new Room(true, child.width), new Room(true, box.height - paddingY(box) - marginY(child)));
            }
        }
    }

    private void measureFrame(Box box, Room width, Room height) {
        int wide = 0;
        int high = 0;
        for (Box child : shown(box)) {
            boolean isFilling = !height.isExact && child.get("layout_height", "").equals("match_parent");
            measure(child, forChild(child, "width", width, paddingX(box) + marginX(child)),
                    isFilling ? new Room(true, 0) : forChild(child, "height", height, paddingY(box) + marginY(child)));
            wide = Math.max(wide, child.width + marginX(child));
            high = Math.max(high, child.height + marginY(child));
        }
        box.width = width.of(wide + paddingX(box));
        box.height = height.of(high + paddingY(box));
    }

    private void measureScroll(Box box, Room width, Room height) {
        Box child = box.children.get(0);
        measure(child, forChild(child, "width", width, paddingX(box) + marginX(child)), Room.ANY);
        box.width = width.of(child.width + paddingX(box));
        box.height = height.of(child.height + paddingY(box));
        if (box.get("fillViewport", "false").equals("true") && child.height < box.height) {
            measure(child, new Room(true, child.width), new Room(true, box.height));
        }
    }

    private void measureList(Box box, Room width, Room height) {
        box.width = width.of(width.pixels);
        box.height = height.of(height.pixels);
        int columns = box.is("GridView") ? box.resources.integer(box.get("numColumns")) : 1;
        int gap = box.pixels("horizontalSpacing");
        int each = (box.width - paddingX(box) - gap * (columns - 1)) / columns;
        for (Box child : box.children) {
            measure(child, new Room(true, each), Room.ANY);
        }
    }

    private void place(Box box, int left, int top) {
        box.left = left;
        box.top = top;
        if (box.is("ListView", "GridView")) {
            placeList(box);
        } else if (box.is("LinearLayout", "Column")) {
            placeLine(box, box.is("Column") || box.get("orientation", "horizontal").equals("vertical"));
        } else {
            for (Box child : shown(box)) {
                placeIn(box, child, box.left + box.padding("Start"), box.top + box.padding("Top"),
                        box.width - paddingX(box), box.height - paddingY(box), child.get("layout_gravity", ""));
            }
        }
    }

    private void placeLine(Box box, boolean isVertical) {
        int used = 0;
        for (Box child : shown(box)) {
            used += isVertical ? child.height + marginY(child) : child.width + marginX(child);
        }
        String gravity = box.get("gravity", "");
        int room = isVertical ? box.height - paddingY(box) : box.width - paddingX(box);
        boolean isCentered = gravity.equals("center")
                || gravity.contains(isVertical ? "center_vertical" : "center_horizontal");
        int at = (isVertical ? box.top + box.padding("Top") : box.left + box.padding("Start"))
                + (isCentered ? (room - used) / 2 : !isVertical && gravity.contains("end") ? room - used : 0);
        for (Box child : shown(box)) {
            int size = isVertical ? child.height + marginY(child) : child.width + marginX(child);
            int drop = !isVertical && gravity.isEmpty() && texts.isText(child)
                    ? deepestBaseline(box) - texts.baseline(child) : 0;
            String own = child.get("layout_gravity", gravity);
            if (isVertical) {
                placeIn(box, child, box.left + box.padding("Start"), at, box.width - paddingX(box), size, own);
            } else {
                placeIn(box, child, at, box.top + box.padding("Top") + drop, size, box.height - paddingY(box), own);
            }
            at += size;
        }
    }

    private int deepestBaseline(Box box) {
        return shown(box).stream().filter(texts::isText).mapToInt(texts::baseline).max().orElse(0);
    }

    private void placeIn(Box parent, Box child, int left, int top, int width, int height, String gravity) {
        int freeX = width - child.width - marginX(child);
        int freeY = height - child.height - marginY(child);
        int x = gravity.equals("center") || gravity.contains("center_horizontal") ? freeX / 2
                : gravity.contains("end") ? freeX : 0;
        int y = gravity.equals("center") || gravity.contains("center_vertical") ? freeY / 2 : 0;
        place(child, left + x + child.pixels("layout_marginStart"), top + y + child.pixels("layout_marginTop"));
    }

    private void placeList(Box box) {
        int columns = box.is("GridView") ? box.resources.integer(box.get("numColumns")) : 1;
        int gapX = box.pixels("horizontalSpacing");
        int gapY = box.pixels(box.is("GridView") ? "verticalSpacing" : "dividerHeight");
        int top = box.top + box.padding("Top");
        for (int i = 0; i < box.children.size(); i += columns) {
            int high = 0;
            for (int j = i; j < Math.min(i + columns, box.children.size()); j++) {
                Box child = box.children.get(j);
                place(child, box.left + box.padding("Start") + (j - i) * (child.width + gapX), top);
                high = Math.max(high, child.height);
            }
            top += high + gapY;
        }
    }
}
