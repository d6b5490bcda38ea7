package shop.agora.core;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.json.JSONException;
import org.json.JSONObject;
import shop.agora.harness.Expect;
import shop.agora.harness.Folders;

/** A real shop, run by the `agora` command in a folder of its own, and its manager. */
public final class RealShop {
    private static final String PASSWORD = "correct horse battery";
    private static RealShop shared;

    private final Path folder;
    private Process process;
    private String gateway;
    private String managerToken;
    private final HttpClient http = HttpClient.newHttpClient();

    private RealShop() throws Exception {
        String command = System.getenv("AGORA_BIN");
        if (command == null || command.isEmpty()) {
            throw new Expect.Skipped("AGORA_BIN does not name the agora command");
        }
        folder = Files.createTempDirectory("agora-android");
        Runtime.getRuntime().addShutdownHook(new Thread(this::end));
        start(command, "127.0.0.1:0");
    }

    /** The one that all stories share but those that kill theirs. */
    public static synchronized RealShop shared() throws Exception {
        if (shared == null) {
            shared = new RealShop();
        }
        return shared;
    }

    public static RealShop ofMyOwn() throws Exception {
        return new RealShop();
    }

    private void start(String command, String listen) throws Exception {
        List<String> line = new ArrayList<>(List.of(command, "up", "--data", folder.resolve("data").toString(),
                "--listen", listen, "--ops-listen", "127.0.0.1:0", "--json"));
        ProcessBuilder builder = new ProcessBuilder(line).directory(folder.toFile());
        builder.environment().put("AGORA_ADMIN_PASSWORD", PASSWORD);
        builder.environment().put("AGORA_STOREFRONT_LISTEN", "off");
        builder.environment().put("AGORA_BACKOFFICE_LISTEN", "off");
        builder.redirectError(ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()));
        process = builder.start();
        BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        gateway = null;
        for (String said = out.readLine(); said != null && gateway == null; said = out.readLine()) {
            gateway = gatewayOf(said);
            if (gateway != null) {
                break;
            }
        }
        if (gateway == null) {
            throw new AssertionError("the shop did not start:\n" + Files.readString(folder.resolve("log")));
        }
        drain(out);
        Expect.eventually("the shop is ready", () -> http.send(
                HttpRequest.newBuilder(URI.create(gateway + "/health/ready")).build(),
                HttpResponse.BodyHandlers.discarding()).statusCode() == 200);
        managerToken = post("/customer/login-user", new JSONObject().put("UserName", "admin").put("Password", PASSWORD))
                .getString("Token");
    }

    private static String gatewayOf(String line) {
        try {
            return new JSONObject(line).optString("gateway", null);
        } catch (JSONException e) {
            return null;
        }
    }

    private static void drain(BufferedReader out) {
        Thread thread = new Thread(() -> {
            try {
                while (out.readLine() != null) {
                    continue;
                }
            } catch (IOException e) {
                return;
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    /** As a crash: nothing is announced, nothing tidied up. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    void startAgain() throws Exception {
        start(System.getenv("AGORA_BIN"), gateway.replaceAll("^http://", ""));
    }

    private void end() {
        if (process == null) {
            return;
        }
        try {
            process.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            System.out.println("still running: " + process.pid());
        }
        Folders.delete(folder);
    }

    public ShopAddress address() throws Exception {
        return ShopAddress.parse(gateway);
    }

    ShopClient visitor() throws Exception {
        return new ShopClient(address(), null);
    }

    public static String newName(String prefix) {
        return prefix + "-" + UUID.randomUUID().toString().substring(0, 8);
    }

    static AccountForm account(String userName) {
        AccountForm form = new AccountForm();
        form.userName = userName;
        form.password = "password of " + userName;
        form.fullName = "Ada Lovelace";
        form.email = userName + "@example.invalid";
        return form;
    }

    /** Made by the manager: registrations are limited by address. */
    public String newCustomer(String credit) throws Exception {
        AccountForm form = account(newName("ada"));
        manage("/customer/add-user", form.registration());
        manage("/customer/set-credit", new JSONObject().put("UserName", form.userName).put("Credit", credit));
        return form.userName;
    }

    public static String passwordOf(String userName) {
        return account(userName).password;
    }

    /** A new customer who is logged in. */
    ShopClient customer(String credit) throws Exception {
        String name = newCustomer(credit);
        ShopClient client = visitor();
        client.logIn(name, passwordOf(name));
        return client;
    }

    public String productName(String productId) throws Exception {
        return visitor().product(productId).name;
    }

    String category(String name) throws Exception {
        return manage("/product/add-new-category", new JSONObject().put("Name", name)).getString("CategoryId");
    }

    String product(String categoryId, String name, String price, int units) throws Exception {
        return manage("/product/add-new-product", new JSONObject().put("Name", name).put("Description", "About " + name)
                .put("Supplier", "Maker").put("CategoryId", categoryId).put("Price", price).put("UnitsInStock", units))
                .getString("ProductId");
    }

    /** Something to order, in a category of its own. */
    public String product(String price, int units) throws Exception {
        String name = newName("Tea");
        return product(category("Category of " + name), name, price, units);
    }

    /** A manager's POST. */
    JSONObject manage(String path, JSONObject body) throws Exception {
        return post(path, body);
    }

    private JSONObject post(String path, JSONObject body) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(gateway + path))
                .header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body.toString()));
        if (managerToken != null) {
            request.header("Authorization", "Bearer " + managerToken);
        }
        HttpResponse<String> response = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() >= 300) {
            throw new AssertionError(path + " answered " + response.statusCode() + " " + response.body());
        }
        return response.body().isEmpty() ? new JSONObject() : new JSONObject(response.body());
    }
}
