package shop.agora.preview;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.w3c.dom.Element;

/** One view of a layout: its attributes, its children, and where it came to lie. */
public final class Box {
    public final Resources resources;
    public final Element element;
    public final List<Box> children = new ArrayList<>();
    private final Map<String, String> set = new LinkedHashMap<>();
    public String state = "idle";
    /** Of a picture: category and name. Of a progress bar: thousandths. */
    public String[] picture;
    public int progress;
    public int left;
    public int top;
    public int width;
    public int height;

    private Box(Resources resources, Element element) {
        this.resources = resources;
        this.element = element;
    }

    /** A view of no layout. */
    public static Box blank(Resources resources) {
        return new Box(resources, Resources.parse("<View/>"));
    }

    public static Box inflate(Resources resources, String layout) {
        return inflate(resources, resources.file("@layout/" + layout));
    }

    private static Box inflate(Resources resources, Element element) {
        if (element.getTagName().equals("include")) {
            Box included = inflate(resources, resources.file(element.getAttribute("layout")));
            boolean isPlacedAnew = element.hasAttributeNS(Resources.ANDROID, "layout_width");
            for (int i = 0; isPlacedAnew && i < element.getAttributes().getLength(); i++) {
                String name = element.getAttributes().item(i).getLocalName();
                if (name.startsWith("layout_")) {
                    included.set(name, element.getAttributes().item(i).getNodeValue());
                }
            }
            return included;
        }
        Box box = new Box(resources, element);
        for (Element child : Resources.children(element)) {
            box.children.add(inflate(resources, child));
        }
        return box;
    }

    public Box set(String attribute, String value) {
        set.put(attribute, value);
        return this;
    }

    /** Null where neither the layout nor its styles say so. */
    public String get(String attribute) {
        String value = set.get(attribute);
        return value != null ? value : resources.attribute(element, attribute);
    }

    public String get(String attribute, String otherwise) {
        String value = get(attribute);
        return value == null ? otherwise : value;
    }

    public int pixels(String attribute) {
        return resources.pixels(get(attribute, "0dp"));
    }

    /** Padding of one side, or of all. */
    public int padding(String side) {
        return resources.pixels(get("padding" + side, get("padding", "0dp")));
    }

    public boolean is(String... names) {
        return List.of(names).contains(element.getTagName().replaceAll(".*\\.", ""));
    }

    public boolean isGone() {
        return get("visibility", "visible").equals("gone");
    }

    /** The view with that id. @throws IllegalArgumentException if there is none: a preview must not lag behind */
    public Box find(String id) {
        Box found = findOrNull(id);
        if (found == null) {
            throw new IllegalArgumentException("no view " + id + " in this layout");
        }
        return found;
    }

    public Box findOrNull(String id) {
        if (element.getAttributeNS(Resources.ANDROID, "id").equals("@+id/" + id)) {
            return this;
        }
        for (Box child : children) {
            Box found = child.findOrNull(id);
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    public Box text(String id, String text) {
        find(id).set("text", text).set("visibility", "visible");
        return this;
    }

    public Box show(String id) {
        find(id).set("visibility", "visible");
        return this;
    }

    public Box hide(String id) {
        find(id).set("visibility", "gone");
        return this;
    }

    public void setState(String newState) {
        state = newState;
        for (Box child : children) {
            child.setState(newState);
        }
    }
}
