package shop.agora.check;

import static shop.agora.harness.Expect.equal;
import static shop.agora.harness.Expect.that;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import shop.agora.harness.Test;

/** The package as it would be installed. */
final class ApkTest {
    private static final Path APK = Path.of("target/android/agora.apk");
    private static final int MAX_BYTES = 1_000_000;

    private static String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        equal(String.join(" ", command) + " 0", String.join(" ", command) + " " + process.waitFor()
                + (process.exitValue() == 0 ? "" : "\n" + output));
        return output;
    }

    @Test
    void it_is_signed_for_every_android_from_6_on() throws Exception {
        String verified = run("apksigner", "verify", "--verbose", APK.toString());
        for (String scheme : List.of("v1 scheme (JAR signing): true", "v2 scheme (APK Signature Scheme v2): true",
                "v3 scheme (APK Signature Scheme v3): true")) {
            that(verified.contains(scheme), scheme + " in\n" + verified);
        }
    }

    @Test
    void it_says_what_it_is_and_asks_for_two_permissions_only() throws Exception {
        String badging = run("aapt", "dump", "badging", APK.toString());
        that(badging.contains("package: name='shop.agora.app'"), badging);
        that(badging.contains("application-label:'Agora'"), badging);
        that(badging.contains("sdkVersion:'23'") && badging.contains("targetSdkVersion:'34'"), badging);
        that(badging.contains("launchable-activity: name='shop.agora.app.ProductsActivity'"), badging);
        equal(Set.of("android.permission.INTERNET", "android.permission.ACCESS_NETWORK_STATE"),
                new TreeSet<>(Sources.all("uses-permission: name='([^']+)'", badging)));
    }

    @Test
    void it_carries_the_workspaces_version() throws Exception {
        String version = Sources.all("(?m)^version = \"([^\"]+)\"", Files.readString(Path.of("Cargo.toml"))).get(0);
        that(run("aapt", "dump", "badging", APK.toString()).contains("versionName='" + version + "'"), version);
    }

    @Test
    void it_is_smaller_than_a_megabyte() throws Exception {
        long size = Files.size(APK);
        that(size < MAX_BYTES, "less than " + MAX_BYTES + " bytes, is " + size);
    }

    @Test
    void it_is_aligned_and_its_resource_table_not_compressed_as_android_11_wants() throws Exception {
        run("zipalign", "-c", "4", APK.toString());
        try (ZipFile zip = new ZipFile(APK.toFile())) {
            equal(ZipEntry.STORED, zip.getEntry("resources.arsc").getMethod());
            that(zip.getEntry("classes.dex") != null, "there is code in it");
        }
    }

    @Test
    void nothing_of_it_is_backed_up_and_only_its_first_screen_is_open_to_others() throws Exception {
        String manifest = run("aapt", "dump", "xmltree", APK.toString(), "AndroidManifest.xml");
        that(manifest.contains("allowBackup(0x01010280)=(type 0x12)0x0"), "allowBackup is false");
        int activities = Sources.all("(E: activity )", manifest).size();
        List<String> exported = Sources.all("exported\\(0x01010010\\)=\\(type 0x12\\)(0x\\w+)", manifest);
        equal(11, activities);
        equal(activities, exported.size());
        equal(1L, exported.stream().filter("0xffffffff"::equals).count());
    }

    @Test
    void no_key_is_kept_in_the_repository() throws Exception {
        try (var files = Files.walk(Sources.ROOT)) {
            equal(List.of(), files.map(Path::toString).filter(f -> f.matches(".*\\.(jks|keystore|p12|pem)")).toList());
        }
    }
}
