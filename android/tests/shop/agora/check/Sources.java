package shop.agora.check;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The app's own source and resources, to be looked through. */
final class Sources {
    static final Path ROOT = Path.of("android");

    private Sources() {}

    static Map<Path, String> read(String folder, String extension) throws IOException {
        Map<Path, String> texts = new TreeMap<>();
        try (Stream<Path> files = Files.walk(ROOT.resolve(folder))) {
            for (Path file : files.filter(f -> f.toString().endsWith(extension)).collect(Collectors.toList())) {
                texts.put(ROOT.relativize(file), Files.readString(file));
            }
        }
        if (texts.isEmpty()) {
            throw new AssertionError("no " + extension + " in " + folder);
        }
        return texts;
    }

    static List<String> all(String pattern, String text) {
        List<String> found = new ArrayList<>();
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        while (matcher.find()) {
            found.add(matcher.group(1));
        }
        return found;
    }

    /** What is referred to as {@code R.type.name} or {@code @type/name}, in Java, resources and manifest. */
    static Set<String> used(String type) throws IOException {
        Set<String> used = new TreeSet<>();
        for (String java : read("app", ".java").values()) {
            used.addAll(all("(?<![.\\w])R\\." + type + "\\.(\\w+)", java));
        }
        List<String> xml = new ArrayList<>(read("res", ".xml").values());
        xml.add(Files.readString(ROOT.resolve("AndroidManifest.xml")));
        for (String text : xml) {
            used.addAll(all("[\">]@" + type + "/(\\w+)", text));
        }
        return used;
    }

    /** What the values define, by folder: {@code values}, {@code values-night}, … */
    static Map<String, Set<String>> values(String type) throws IOException {
        Map<String, Set<String>> defined = new TreeMap<>();
        for (Map.Entry<Path, String> file : read("res", ".xml").entrySet()) {
            String folder = file.getKey().getName(1).toString();
            if (folder.startsWith("values")) {
                defined.computeIfAbsent(folder, f -> new TreeSet<>())
                        .addAll(all("<" + type + " name=\"(\\w+)\"", file.getValue()));
            }
        }
        return defined;
    }

    /** The ids in a layout and in all it includes, taken from the same folder first. */
    static Set<String> ids(Path layout) throws IOException {
        String text = Files.readString(layout);
        Set<String> ids = new TreeSet<>(all("android:id=\"@\\+id/(\\w+)\"", text));
        for (String included : all("layout=\"@layout/(\\w+)\"", text)) {
            Path beside = layout.resolveSibling(included + ".xml");
            ids.addAll(ids(Files.exists(beside) ? beside : ROOT.resolve("res/layout/" + included + ".xml")));
        }
        return ids;
    }
}
