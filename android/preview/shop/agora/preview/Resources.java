package shop.agora.preview;

import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

/** The app's resources as a device of one kind sees them: the best folder first. */
public final class Resources {
    public static final String ANDROID = "http://schemas.android.com/apk/res/android";
    private static final Path RES = Path.of("android/res");

    public final Device device;
    private final List<String> qualifiers = new ArrayList<>();
    private final Map<String, Element> values = new HashMap<>();

    public Resources(Device device) {
        this.device = device;
        int smallest = Math.min(device.widthDp, device.heightDp);
        if (smallest >= 600 && device.widthDp >= 900) {
            qualifiers.add("-sw600dp-w900dp");
        }
        if (smallest >= 600) {
            qualifiers.add("-sw600dp");
        }
        if (device.widthDp >= 900) {
            qualifiers.add("-w900dp");
        }
        if (device.widthDp >= 600) {
            qualifiers.add("-w600dp");
        }
        if (device.isNight) {
            qualifiers.add("-night");
        }
        qualifiers.add("");
        for (int i = qualifiers.size() - 1; i >= 0; i--) {
            readValues(RES.resolve("values" + qualifiers.get(i)));
        }
    }

    private void readValues(Path folder) {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (var files = Files.list(folder)) {
            files.forEach(file -> {
                for (Element value : children(parse(file))) {
                    values.put(value.getTagName() + "/" + value.getAttribute("name"), value);
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Element parse(Path file) {
        try {
            return parse(Files.readString(file));
        } catch (IOException e) {
            throw new UncheckedIOException(file.toString(), e);
        }
    }

    static Element parse(String xml) {
        try {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            factory.setNamespaceAware(true);
            return factory.newDocumentBuilder().parse(new InputSource(new StringReader(xml))).getDocumentElement();
        } catch (SAXException | IOException | ParserConfigurationException e) {
            throw new IllegalStateException(xml, e);
        }
    }

    public static List<Element> children(Element parent) {
        List<Element> children = new ArrayList<>();
        for (Node child = parent.getFirstChild(); child != null; child = child.getNextSibling()) {
            if (child instanceof Element) {
                children.add((Element) child);
            }
        }
        return children;
    }

    /** @param reference like {@code @layout/header} */
    public Element file(String reference) {
        String[] typeAndName = reference.substring(1).split("/");
        for (String qualifier : qualifiers) {
            Path file = RES.resolve(typeAndName[0] + qualifier).resolve(typeAndName[1] + ".xml");
            if (Files.exists(file)) {
                return parse(file);
            }
        }
        throw new IllegalArgumentException("no " + reference);
    }

    /** The attribute, from the element or else from its style and the styles that one builds on. Null if nowhere. */
    public String attribute(Element element, String name) {
        String own = element.getAttributeNS(ANDROID, name);
        return own.isEmpty() ? styled(element.getAttribute("style"), name) : own;
    }

    private String styled(String style, String name) {
        Element found = values.get("style/" + style.replace("@style/", ""));
        if (found == null) {
            return null;
        }
        for (Element item : children(found)) {
            if (item.getAttribute("name").equals("android:" + name)) {
                return item.getTextContent();
            }
        }
        return styled(found.getAttribute("parent"), name);
    }

    public String string(String name, Object... arguments) {
        return String.format(text(values.get("string/" + name)), arguments);
    }

    public String plural(String name, int count, Object... arguments) {
        for (Element item : children(values.get("plurals/" + name))) {
            if (item.getAttribute("quantity").equals(count == 1 ? "one" : "other")) {
                return String.format(text(item), arguments);
            }
        }
        throw new IllegalArgumentException(name);
    }

    private static String text(Element element) {
        return element.getTextContent().replace("\\'", "'");
    }

    public String text(String value) {
        return value != null && value.startsWith("@string/") ? string(value.substring(8)) : value;
    }

    /** Pixels of {@code 12dp}, {@code 14sp}, {@code @dimen/edge}. */
    public int pixels(String value) {
        if (value.startsWith("@dimen/")) {
            return pixels(values.get("dimen/" + value.substring(7)).getTextContent());
        }
        float number = Float.parseFloat(value.replaceAll("[a-z]+$", ""));
        float scale = value.endsWith("sp") ? device.scale * device.fontScale : device.scale;
        return Math.round(number * scale);
    }

    public int integer(String value) {
        return value.startsWith("@integer/") ? Integer.parseInt(values.get("integer/" + value.substring(9)).getTextContent())
                : Integer.parseInt(value);
    }

    /** The colour; of a list of states the one for {@code state}, such as {@code selected}, or the last. */
    public int color(String value, String state) {
        if (value.startsWith("#")) {
            long rgb = Long.parseLong(value.substring(1), 16);
            return (int) (value.length() == 7 ? rgb | 0xff000000L : rgb);
        }
        if (value.equals("@android:color/transparent")) {
            return 0;
        }
        Element plain = values.get("color/" + value.substring(7));
        if (plain != null) {
            return color(plain.getTextContent(), state);
        }
        return color(chosen(file(value), state).getAttributeNS(ANDROID, "color"), state);
    }

    /** The item of a selector that fits the state. */
    public static Element chosen(Element selector, String state) {
        List<Element> items = children(selector);
        for (Element item : items) {
            String wanted = state.equals("disabled") ? "state_enabled" : "state_" + state;
            if (item.hasAttributeNS(ANDROID, wanted)) {
                return item;
            }
        }
        return items.get(items.size() - 1);
    }
}
