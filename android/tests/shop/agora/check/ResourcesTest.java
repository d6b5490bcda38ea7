package shop.agora.check;

import static shop.agora.harness.Expect.equal;
import static shop.agora.harness.Expect.that;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import shop.agora.harness.Test;

/** Words, colours and layouts: nothing missing, nothing left over, readable for all users. */
final class ResourcesTest {
    private static final String ANDROID = "http://schemas.android.com/apk/res/android";
    /** On phones a button opens the categories; on tablets they stand there. The code looks which it is. */
    private static final Set<String> ONLY_ON_PHONES = Set.of("category");
    private static final Set<String> ONLY_ON_TABLETS = Set.of("categories", "category_search", "categories_note");

    @Test
    void every_word_used_exists_and_none_is_left_over() throws Exception {
        for (String type : List.of("string", "plurals", "color", "dimen", "bool", "integer")) {
            Set<String> defined = new TreeSet<>(Sources.values(type).get("values"));
            if (type.equals("color")) {
                defined.addAll(files("color"));
            }
            equal(type + " " + defined, type + " " + Sources.used(type));
        }
    }

    @Test
    void every_drawable_and_layout_used_exists_and_none_is_left_over() throws Exception {
        for (String type : List.of("drawable", "layout", "mipmap")) {
            equal(type + " " + files(type), type + " " + Sources.used(type));
        }
    }

    private static Set<String> files(String folder) throws Exception {
        try (Stream<Path> files = Files.list(Sources.ROOT.resolve("res/" + folder))) {
            return files.map(f -> f.getFileName().toString().replace(".xml", ""))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    @Test
    void every_style_used_exists_and_none_is_left_over() throws Exception {
        Set<String> used = Sources.used("style");
        for (String values : Sources.read("res", ".xml").values()) {
            used.addAll(Sources.all("<style name=\"\\w+\" parent=\"(\\w+)\"", values));
        }
        equal(Sources.values("style").get("values"), used);
    }

    @Test
    void a_translation_has_every_word_and_no_other() throws Exception {
        for (String type : List.of("string", "plurals")) {
            Map<String, Set<String>> byFolder = Sources.values(type);
            Set<String> english = byFolder.get("values");
            that(english.size() > 1, "there are words: " + english);
            byFolder.forEach((folder, words) -> {
                if (!words.isEmpty()) {
                    equal(folder + " " + english, folder + " " + words);
                }
            });
        }
    }

    @Test
    void every_id_used_is_in_a_layout_and_none_is_left_over() throws Exception {
        Set<String> defined = new TreeSet<>();
        Set<String> labelled = new TreeSet<>();
        for (Map.Entry<Path, String> layout : Sources.read("res", ".xml").entrySet()) {
            defined.addAll(Sources.all("android:id=\"@\\+id/(\\w+)\"", layout.getValue()));
            labelled.addAll(Sources.all("android:labelFor=\"@\\+id/(\\w+)\"", layout.getValue()));
        }
        Set<String> used = Sources.used("id");
        equal(Set.of(), minus(used, defined));
        equal(Set.of(), minus(defined, used));
        equal(Set.of(), minus(labelled, defined));
    }

    /** A view that a screen looks for must be in the layout it shows, or in the ones it makes rows from. */
    @Test
    void every_screen_finds_its_views_in_its_own_layouts_on_every_device() throws Exception {
        Map<Path, String> screens = Sources.read("app", ".java");
        String shared = screens.entrySet().stream()
                .filter(s -> Set.of("ShopActivity.java", "StateView.java").contains(s.getKey().getFileName().toString()))
                .map(Map.Entry::getValue).collect(Collectors.joining());
        int checked = 0;
        for (Map.Entry<Path, String> screen : screens.entrySet()) {
            List<String> layouts = Sources.all("R\\.layout\\.(\\w+)", screen.getValue());
            if (layouts.stream().noneMatch(l -> l.startsWith("activity_"))) {
                continue;
            }
            Set<String> wanted = new TreeSet<>(Sources.all("(?<!\\.)R\\.id\\.(\\w+)", screen.getValue()));
            if (!screen.getKey().endsWith("CategoriesActivity.java")) {
                wanted.addAll(Sources.all("findViewById\\(R\\.id\\.(\\w+)", shared));
            }
            for (String folder : List.of("layout", "layout-w600dp", "layout-sw600dp")) {
                Set<String> missing = minus(wanted, idsOf(layouts, folder));
                missing.removeAll(folder.equals("layout-sw600dp") ? ONLY_ON_PHONES : ONLY_ON_TABLETS);
                equal(screen.getKey() + " in " + folder + " []", screen.getKey() + " in " + folder + " " + missing);
                checked++;
            }
        }
        equal(11 * 3, checked);
    }

    private static Set<String> idsOf(List<String> layouts, String folder) throws Exception {
        Set<String> ids = new TreeSet<>();
        for (String layout : layouts) {
            Path special = Sources.ROOT.resolve("res/" + folder + "/" + layout + ".xml");
            ids.addAll(Sources.ids(Files.exists(special) ? special : Sources.ROOT.resolve("res/layout/" + layout + ".xml")));
        }
        return ids;
    }

    private static Set<String> minus(Set<String> from, Set<String> taken) {
        Set<String> rest = new TreeSet<>(from);
        rest.removeAll(taken);
        return rest;
    }

    @Test
    void every_picture_button_and_field_has_words_for_those_who_cannot_see_it() throws Exception {
        List<String> silent = new ArrayList<>();
        for (Element view : views()) {
            String id = view.getAttributeNS(ANDROID, "id");
            boolean isDecoration = view.getAttributeNS(ANDROID, "importantForAccessibility").equals("no")
                    || view.getAttribute("style").equals("@style/NavIcon");
            boolean isLabelled = switch (view.getTagName()) {
                // The header's button gets its words together with its picture.
                case "ImageButton", "ProgressBar" -> isDecoration || id.endsWith("/action")
                        || !view.getAttributeNS(ANDROID, "contentDescription").isEmpty();
                case "ImageView", "shop.agora.app.PictureView" -> isDecoration;
                case "EditText" -> !view.getAttributeNS(ANDROID, "hint").isEmpty()
                        || labelled().contains(id.replace("@+id/", ""));
                default -> true;
            };
            if (!isLabelled) {
                silent.add(view.getTagName() + " " + id);
            }
        }
        equal(List.of(), silent);
    }

    private static Set<String> labelled() throws Exception {
        Set<String> labelled = new TreeSet<>();
        for (String layout : Sources.read("res", ".xml").values()) {
            labelled.addAll(Sources.all("android:labelFor=\"@\\+id/(\\w+)\"", layout));
        }
        return labelled;
    }

    @Test
    void what_is_pressed_is_large_enough_for_a_finger() throws Exception {
        for (Element view : views()) {
            if (view.getTagName().equals("ImageButton")) {
                equal("@style/IconButton", view.getAttribute("style"));
            }
            if (view.getTagName().equals("Button")) {
                that(Set.of("@style/Primary", "@style/Secondary", "@style/Quiet").contains(view.getAttribute("style")),
                        "a button has one of the three styles, all 48 dp high or more");
            }
        }
        that(Sources.read("res", "dimens.xml").values().stream().anyMatch(t -> t.contains("name=\"touch\">48dp")), "48 dp");
    }

    @Test
    void no_words_or_fixed_text_sizes_stand_in_the_layouts() throws Exception {
        for (Map.Entry<Path, String> file : Sources.read("res", ".xml").entrySet()) {
            equal(List.of(), Sources.all("android:(?:text|hint|contentDescription)=\"([^@][^\"]*)\"", file.getValue()));
            equal(List.of(), Sources.all("(?:textSize=\"|textSize\">)(\\d+(?:dp|px|dip))", file.getValue()));
        }
    }

    private static List<Element> views() throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        List<Element> views = new ArrayList<>();
        for (Path file : Sources.read("res", ".xml").keySet()) {
            if (file.getName(1).toString().startsWith("layout")) {
                NodeList all = factory.newDocumentBuilder().parse(Sources.ROOT.resolve(file).toFile())
                        .getElementsByTagName("*");
                for (int i = 0; i < all.getLength(); i++) {
                    views.add((Element) all.item(i));
                }
            }
        }
        return views;
    }

    @Test
    void every_text_can_be_read_on_what_is_behind_it_by_day_and_by_night() throws Exception {
        String[][] pairs = {{"ink", "background"}, {"ink", "surface"}, {"ink", "primary_soft"}, {"ink_soft", "background"},
            {"ink_soft", "surface"}, {"ink_soft", "primary_soft"}, {"primary", "background"}, {"primary", "surface"},
            {"primary", "primary_soft"}, {"on_primary", "primary"}, {"good", "good_soft"}, {"warn", "warn_soft"},
            {"bad", "bad_soft"}, {"bad", "background"}, {"bad", "surface"}};
        for (String folder : List.of("values", "values-night")) {
            Map<String, Integer> colors = colors(folder);
            for (String[] pair : pairs) {
                double contrast = Contrast.of(colors.get(pair[0]), colors.get(pair[1]));
                that(contrast >= 4.5, folder + ": " + pair[0] + " on " + pair[1] + " at 4.5, is " + contrast);
            }
            that(Contrast.of(colors.get("field_outline"), colors.get("surface")) >= 3, "a field's edge can be seen");
        }
        that(colors("values-night").size() + 1 == colors("values").size(), "each colour but the icon's is there by night");
    }

    private static Map<String, Integer> colors(String folder) throws Exception {
        Map<String, Integer> colors = new TreeMap<>(Comparator.naturalOrder());
        String text = Files.readString(Sources.ROOT.resolve("res/" + folder + "/colors.xml"));
        for (String entry : Sources.all("<color name=\"(\\w+\">#\\p{XDigit}+)<", text)) {
            String[] parts = entry.split("\">#");
            colors.put(parts[0], (int) Long.parseLong(parts[1], 16));
        }
        return colors;
    }

    @Test
    void nothing_is_ever_logged() throws Exception {
        for (String folder : List.of("app", "core")) {
            Sources.read(folder, ".java").forEach((file, text) -> equal(file + " []", file + " "
                    + Sources.all("(android\\.util\\.Log|\\bLog\\.[dewiv]|System\\.(?:out|err)|printStackTrace)", text)));
        }
    }

    @Test
    void what_can_be_tested_here_knows_nothing_of_android() throws Exception {
        Sources.read("core", ".java").forEach((file, text) ->
                equal(file + " []", file + " " + Sources.all("import (android[.\\w]*)", text)));
    }
}
