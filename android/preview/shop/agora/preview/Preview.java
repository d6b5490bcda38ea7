package shop.agora.preview;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.RoundRectangle2D;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;
import javax.imageio.ImageIO;

/** Draws the screens from the app's own layouts, words and colours: sheets of them for the documentation. */
public final class Preview {
    private static final int GAP = 28;
    private static final Color TABLE_LIGHT = new Color(0xE4E6E1);
    private static final Color TABLE_DARK = new Color(0x2A2E2C);

    private final TextShaper texts;
    private final Path out;

    private Preview(TextShaper texts, Path out) {
        this.texts = texts;
        this.out = out;
    }

    /** @param arguments the folder of the fonts, the folder for the pictures */
    public static void main(String[] arguments) throws Exception {
        Preview preview = new Preview(new TextShaper(Path.of(arguments[0])), Files.createDirectories(Path.of(arguments[1])));
        Device light = Device.phone(false);
        Device dark = Device.phone(true);
        preview.sheet("shopping", light, Scenes::products, Scenes::categories, Scenes::product, Scenes::orderRunning);
        preview.sheet("orders", light, Scenes::orders, Scenes::orderFinalized, Scenes::orderCanceled, Scenes::invoice);
        preview.sheet("account", light, Scenes::profile, Scenes::editProfile, Scenes::logIn, Scenes::register);
        preview.sheet("dark", dark, Scenes::products, Scenes::product, Scenes::orderFinalized, Scenes::profile);
        preview.sheet("states", light, Scenes::welcome, Scenes::settings, Scenes::empty, Scenes::offline);
        preview.sheet("trouble", dark, Scenes::failed, Scenes::outOfDate, Scenes::uncertainOrder, Scenes::orderCanceled);
        preview.sheet("large-text", light.withLargeText(), Scenes::products, Scenes::product, Scenes::orders, Scenes::logIn);
        preview.sheet("landscape", light.turned(), Scenes::products, Scenes::product);
        preview.sheet("tablet", new Device(1000, 640, false, 1f, 1), Scenes::products, Scenes::product);
        preview.sheet("tablet-dark", new Device(640, 1000, true, 1f, 1),
                Scenes::products, Scenes::orderFinalized, Scenes::profile);
    }

    @SafeVarargs
    private void sheet(String name, Device device, Function<Scenes, Box>... scenes) throws Exception {
        int width = Math.round(device.widthDp * device.scale);
        int height = Math.round(device.heightDp * device.scale);
        BufferedImage sheet = new BufferedImage(GAP + scenes.length * (width + GAP), height + 2 * GAP,
                BufferedImage.TYPE_INT_RGB);
        Graphics2D table = sheet.createGraphics();
        table.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        table.setColor(device.isNight ? TABLE_DARK : TABLE_LIGHT);
        table.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
        for (int i = 0; i < scenes.length; i++) {
            Graphics2D spot = (Graphics2D) table.create(GAP + i * (width + GAP), GAP, width, height);
            screen(spot, device, width, height, scenes[i]);
            spot.dispose();
        }
        ImageIO.write(sheet, "png", out.resolve(name + ".png").toFile());
    }

    private void screen(Graphics2D spot, Device device, int width, int height, Function<Scenes, Box> scene) {
        Resources resources = new Resources(device);
        int bar = resources.pixels("24dp");
        RoundRectangle2D frame = new RoundRectangle2D.Float(0, 0, width - 1, height - 1, 36, 36);
        spot.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        spot.setClip(frame);
        spot.setColor(new Color(resources.color("@color/background", "idle")));
        spot.fillRect(0, 0, width, height);
        spot.setColor(new Color(resources.color("@color/ink", "idle")));
        spot.setFont(texts.font(true, resources.pixels("13dp")));
        spot.drawString("9:41", resources.pixels("20dp"), bar * 0.75f);
        Box box = scene.apply(new Scenes(resources));
        new Layout(texts).fill(box, width, height - bar);
        Graphics2D below = (Graphics2D) spot.create(0, bar, width, height - bar);
        below.clip(new RoundRectangle2D.Float(0, -bar, width - 1, height - 1, 36, 36));
        new Painter(below, texts).paint(box);
        below.dispose();
        spot.setClip(null);
        spot.setColor(new Color(resources.color("@color/field_outline", "idle")));
        spot.setStroke(new BasicStroke(1.5f));
        spot.draw(frame);
    }
}
