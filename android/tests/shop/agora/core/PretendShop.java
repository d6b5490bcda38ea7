package shop.agora.core;

import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.json.JSONArray;
import org.json.JSONObject;

/** A shop just good enough for the screens: products, customers with one password, orders finalized at once. */
public final class PretendShop implements AutoCloseable, Stub.Handler {
    public static final String PASSWORD = "correct horse";
    private static final int PAGE = 50;
    private static final String PROBLEM = "application/problem+json";

    /** By their keys: how often the same order came. */
    public final Map<String, Integer> orderAttempts = new ConcurrentHashMap<>();
    /** The keys of the orders that were refused because the shop was busy. */
    public final List<String> orderRefusals = new java.util.concurrent.CopyOnWriteArrayList<>();
    /** While this is set, orders are taken but not answered. */
    public volatile boolean isSilentAboutOrders;
    /** So many orders are refused because the shop is busy, and not taken. */
    public volatile int busyWithOrders;
    /** While this is set, no token counts. */
    public volatile boolean isForgetful;
    /** While this is set, every answer is a web page. */
    public volatile boolean isSomethingElse;
    private final List<JSONObject> products = new ArrayList<>();
    private final List<JSONObject> orders = new ArrayList<>();
    private final Map<String, JSONObject> customers = new ConcurrentHashMap<>();
    private final Stub stub = new Stub(this);

    public PretendShop() throws Exception {
        for (int i = 0; i < 60; i++) {
            products.add(new JSONObject().put("ProductId", "p-" + i).put("Name", String.format("Tea %02d", i))
                    .put("Description", "Leaves").put("Supplier", "Maker").put("Code", "C" + i)
                    .put("CategoryId", "c-" + i % 2)
                    .put("CategoryName", "Category " + i % 2).put("Price", "2.50").put("Currency", "GBP")
                    .put("Available", i == 0 ? 0 : i));
        }
        addCustomer("ada", "Ada Lovelace");
        addCustomer("eve", "Eve");
    }

    private void addCustomer(String name, String fullName) throws Exception {
        customers.put(name, new JSONObject().put("UserName", name).put("FullName", fullName)
                .put("Email", name + "@x.invalid")
                .put("Credit", 100).put("Reserved", 12.5).put("Available", 87.5));
    }

    public String address() throws Exception {
        return stub.address().toString();
    }

    public JSONObject customer(String name) {
        return customers.get(name);
    }

    /** Requests whose line begins so. */
    public long count(String lineBegins) {
        return stub.requests.stream().filter(r -> r.is(lineBegins)).count();
    }

    @Override
    public void close() throws java.io.IOException {
        stub.close();
    }

    @Override
    public synchronized void answer(Stub.Request request, OutputStream out) throws Exception {
        String path = request.line.split(" ")[1];
        if (isSomethingElse) {
            Stub.respond(out, 200, "text/html", "<html>");
        } else if (path.startsWith("/product/")) {
            product(path, out);
        } else if (path.startsWith("/customer/login-user")) {
            logIn(new JSONObject(request.body), out);
        } else if (path.startsWith("/customer/add-user")) {
            register(new JSONObject(request.body), out);
        } else if (isForgetful || !request.headers.containsKey("authorization")) {
            Stub.respond(out, 401, PROBLEM, "{\"title\":\"Unauthorized\"}");
        } else if (path.startsWith("/customer/")) {
            customer(path, request, out);
        } else {
            order(path, request, out);
        }
    }

    private static String parameter(String path, String name) {
        for (String pair : path.substring(path.indexOf('?') + 1).split("&")) {
            if (pair.startsWith(name + "=")) {
                return pair.substring(name.length() + 1).replace('+', ' ');
            }
        }
        return "";
    }

    private void product(String path, OutputStream out) throws Exception {
        if (path.startsWith("/product/get-categories")) {
            Stub.json(out, "{\"Items\":[{\"CategoryId\":\"c-0\",\"Name\":\"Category 0\",\"Products\":30},"
                    + "{\"CategoryId\":\"c-1\",\"Name\":\"Category 1\",\"Products\":30}],\"Next\":null}");
            return;
        }
        if (path.startsWith("/product/get-product-details")) {
            Stub.json(out, products.get(Integer.parseInt(parameter(path, "ProductId").substring(2))).toString());
            return;
        }
        String category = parameter(path, "CategoryId");
        String search = parameter(path, "Search");
        List<JSONObject> found = products.stream()
                .filter(p -> category.isEmpty() || p.optString("CategoryId").equals(category))
                .filter(p -> p.optString("Name").contains(search)).collect(Collectors.toList());
        if (parameter(path, "Sort").equals("-Price")) {
            java.util.Collections.reverse(found);
        }
        int from = parameter(path, "After").isEmpty() ? 0 : Integer.parseInt(parameter(path, "After"));
        int to = Math.min(from + PAGE, found.size());
        Stub.json(out, new JSONObject().put("Items", new JSONArray(found.subList(from, to)))
                .put("Next", to < found.size() ? Integer.toString(to) : JSONObject.NULL).toString());
    }

    private void logIn(JSONObject body, OutputStream out) throws Exception {
        String name = body.getString("UserName");
        if (!customers.containsKey(name) || !body.getString("Password").equals(PASSWORD)) {
            Stub.respond(out, 401, PROBLEM, "{\"title\":\"Unauthorized\"}");
            return;
        }
        isForgetful = false;
        Stub.json(out, "{\"Token\":\"token of " + name + "\",\"UserName\":\"" + name + "\"}");
    }

    private void register(JSONObject body, OutputStream out) throws Exception {
        String name = body.getString("UserName");
        if (customers.containsKey(name)) {
            Stub.respond(out, 409, PROBLEM,
                    "{\"title\":\"Conflict\",\"errors\":[{\"field\":\"UserName\",\"detail\":\"is taken\"}]}");
            return;
        }
        addCustomer(name, body.getString("FullName"));
        Stub.respond(out, 201, "application/json", "{}");
    }

    private void customer(String path, Stub.Request request, OutputStream out) throws Exception {
        String name = request.headers.get("authorization").replace("Bearer token of ", "");
        if (path.startsWith("/customer/update-user")) {
            JSONObject body = new JSONObject(request.body);
            customers.get(name).put("FullName", body.getString("FullName")).put("Email", body.getString("Email"));
        }
        Stub.json(out, customers.get(name).toString());
    }

    private void order(String path, Stub.Request request, OutputStream out) throws Exception {
        String name = request.headers.get("authorization").replace("Bearer token of ", "");
        if (path.startsWith("/order/place-order")) {
            place(request, name, out);
        } else if (path.startsWith("/order/order-events")) {
            Stub.respond(out, 200, "text/event-stream", ": hello\n\n");
        } else if (path.startsWith("/order/get-order-history")) {
            Stub.json(out, "{\"Items\":[{\"Event\":\"order.placed\",\"At\":\"2025-01-02T03:04:05Z\"},"
                    + "{\"Event\":\"order.finalized\",\"At\":\"2025-01-02T03:04:05.25Z\"}]}");
        } else if (path.startsWith("/accounting/get-invoice")) {
            JSONObject order = orders.get(0);
            Stub.json(out, new JSONObject(order.toString()).put("FullName", "Ada Lovelace")
                    .put("UnitPrice", order.get("Price"))
                    .put("Currency", "EUR").put("IssuedAt", "2025-01-02T03:04:06Z").toString());
        } else {
            String id = parameter(path, "Type").equals("Single") ? parameter(path, "Id") : "";
            JSONArray mine = new JSONArray();
            orders.stream().filter(o -> o.optString("UserName").equals(name))
                    .filter(o -> id.isEmpty() || o.optString("OrderId").equals(id)).forEach(mine::put);
            Stub.json(out, new JSONObject().put("Items", mine).toString());
        }
    }

    private void place(Stub.Request request, String name, OutputStream out) throws Exception {
        String key = request.headers.get("idempotency-key");
        if (busyWithOrders > 0) {
            busyWithOrders--;
            orderRefusals.add(key);
            Stub.respond(out, 503, PROBLEM, "{\"type\":\"/problems/orders-busy\",\"title\":\"The shop is busy\"}",
                    "Retry-After: 1");
            return;
        }
        if (orderAttempts.merge(key, 1, Integer::sum) == 1) {
            JSONObject body = new JSONObject(request.body);
            int quantity = body.getInt("Quantity");
            orders.add(0, new JSONObject().put("OrderId", "o-" + key).put("UserName", name).put("ProductName", "Tea")
                    .put("Quantity", quantity).put("Price", body.get("Price")).put("Currency", "GBP")
                    .put("Total", Money.parse(body.get("Price")).times(quantity).toString())
                    .put("Status", "Finalized").put("StockStatus", "Committed").put("CreditStatus", "Debited")
                    .put("Reasons", new JSONArray()).put("InvoiceNumber", 7).put("PlacedAt", "2025-01-02T03:04:05Z"));
        }
        if (isSilentAboutOrders) {
            Stub.respond(out, 503, PROBLEM, "{\"title\":\"Unavailable\"}");
            return;
        }
        Stub.respond(out, 202, "application/json", "{\"OrderId\":\"o-" + key + "\",\"Status\":\"Pending\"}");
    }

    /** Nothing listens at this address. */
    public static String nobodysAddress() throws Exception {
        try (java.net.ServerSocket free = new java.net.ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
            return "http://127.0.0.1:" + free.getLocalPort();
        }
    }
}
