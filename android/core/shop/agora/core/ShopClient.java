package shop.agora.core;

import java.io.UnsupportedEncodingException;
import java.net.HttpURLConnection;
import java.net.URLEncoder;
import java.util.List;
import org.json.JSONException;
import org.json.JSONObject;

/**
 * The shop's REST API, as far as a customer uses it. Every call blocks: never on the main thread. It keeps the
 * highest {@code Agora-Position} it was given and hands it on, so that what was just done is seen by what is read
 * next. Safe to use from several threads.
 */
public final class ShopClient {
    /** JSON to one of ours. Unknown fields are passed over; what is missing or of another kind is an error. */
    interface Reader<T> {
        T read(JSONObject json) throws JSONException;
    }

    private static final Http.Patience PATIENCE = new Http.Patience(8_000, 15_000, 30_000);
    private static final String PAGE_SIZE = "50";
    /**
     * A shop that was set up again counts from 1 and never reaches an old position: after this many "come back
     * later" in a row the position is dropped, so that it cannot lock the customer out.
     */
    private static final int BUSY_BEFORE_POSITION_IS_DROPPED = 3;

    public final ShopAddress address;
    private final Reader<Product> product = new Reader<Product>() {
        @Override
        public Product read(JSONObject json) throws JSONException {
            Product seen = new Product(json);
            learn(seen);
            return seen;
        }
    };
    private final Reader<Page<Product>> products = Page.reader(product);
    private final Http http;
    private Session session;
    private long position;
    private int busyInARow;
    private String currency = "";

    public ShopClient(ShopAddress address, Session session) {
        this(address, session, PATIENCE);
    }

    /** For tests that do not want to wait as long as a person would. */
    ShopClient(ShopAddress address, Session session, Http.Patience patience) {
        this.address = address;
        this.http = new Http(address, patience);
        this.session = session;
    }

    /** Null while logged out; also null once the shop no longer accepts the token. */
    public synchronized Session session() {
        return session;
    }

    public synchronized long position() {
        return position;
    }

    /** Asks for something that only the shop answers like this. */
    public void check() throws Failure {
        get("/product/get-categories?Limit=1", Page.reader(Category.READER));
    }

    public Session logIn(String userName, String password) throws Failure {
        JSONObject body = body("UserName", userName, "Password", password);
        Session opened = read(send(request("/customer/login-user", null), body), Session.READER);
        synchronized (this) {
            session = opened;
        }
        return opened;
    }

    /** The token is forgotten here in any case, also if the shop cannot be told. */
    public void logOut() throws Failure {
        Session ended = session();
        synchronized (this) {
            session = null;
        }
        if (ended != null) {
            send(request("/customer/logout-user", ended.token), new JSONObject());
        }
    }

    public void register(AccountForm form) throws Failure {
        send(request("/customer/add-user", null), form.registration());
    }

    public Profile profile() throws Failure {
        return get("/customer/get-user/" + encoded(userName()).replace("+", "%20"), Profile.READER);
    }

    /** A new password ends all log-ins, this one too: another one takes its place. */
    public void updateProfile(AccountForm form) throws Failure {
        String userName = userName();
        post("/customer/update-user", form.update(userName));
        if (!form.password.isEmpty()) {
            logIn(userName, form.password);
        }
    }

    public Page<Category> categories(String search, String after) throws Failure {
        return get("/product/get-categories" + query("Search", search, "Limit", "500", "After", after),
                Page.reader(Category.READER));
    }

    public Page<Product> products(ProductQuery asked, String after) throws Failure {
        String call = asked.categoryId == null ? "/product/get-all-products" : "/product/get-products";
        return get(call + query("CategoryId", asked.categoryId, "Search", asked.search, "Sort", asked.sort.word,
                "Limit", PAGE_SIZE, "After", after), products);
    }

    public Product product(String id) throws Failure {
        return get("/product/get-product-details" + query("ProductId", id), product);
    }

    /** The shop's one currency (ISO 4217), where a product has told it: credit is in it too. Empty before. */
    public synchronized String currency() {
        return currency;
    }

    private synchronized void learn(Product seen) {
        currency = seen.currency;
    }

    /** @return the order's id. The same attempt again, with its key, places nothing twice. */
    public String placeOrder(OrderForm.Attempt attempt) throws Failure {
        Http.Request request = request("/order/place-order", token());
        request.idempotencyKey = attempt.key;
        return read(send(request, attempt.body()), new Reader<String>() {
            @Override
            public String read(JSONObject json) throws JSONException {
                return Json.string(json, "OrderId");
            }
        });
    }

    /** Newest first. */
    public Page<Order> orders(String after) throws Failure {
        return get("/order/get-orders" + query("Type", "Customer", "Id", userName(), "Limit", PAGE_SIZE,
                "After", after), Page.reader(Order.READER));
    }

    public Order order(String id) throws Failure {
        List<Order> found = get("/order/get-orders" + query("Type", "Single", "Id", id),
                Page.reader(Order.READER)).items;
        if (found.isEmpty()) {
            throw Failure.answered(404, "", 0);
        }
        return found.get(0);
    }

    public List<OrderStep> history(String orderId) throws Failure {
        return get("/order/get-order-history" + query("OrderId", orderId, "Limit", "500"),
                Page.reader(OrderStep.READER)).items;
    }

    public Invoice invoice(String orderId) throws Failure {
        return get("/accounting/get-invoice" + query("OrderId", orderId), Invoice.READER);
    }

    /** The customer's changes of orders, from after {@code lastEventId} where given; the caller disconnects. */
    HttpURLConnection orderEvents(String lastEventId, int silenceMs) throws Failure {
        Http.Request request = request("/order/order-events" + query("UserName", userName()), token());
        request.lastEventId = lastEventId;
        try {
            return http.stream(request, silenceMs);
        } catch (Failure failure) {
            throw noted(failure, request.token);
        }
    }

    /** What is read from now on is at least as new as this. */
    synchronized void reached(long seen) {
        position = Math.max(position, seen);
    }

    private <T> T get(String path, Reader<T> reader) throws Failure {
        return read(send(request(path, token()), null), reader);
    }

    private void post(String path, JSONObject body) throws Failure {
        send(request(path, token()), body);
    }

    private synchronized Http.Request request(String path, String token) {
        return new Http.Request(path, token, position);
    }

    private synchronized String token() {
        return session == null ? null : session.token;
    }

    /** Personal data is not even requested while logged out. */
    private String userName() throws Failure {
        Session current = session();
        if (current == null) {
            throw Failure.answered(401, "", 0);
        }
        return current.userName;
    }

    private String send(Http.Request request, JSONObject body) throws Failure {
        request.body = body == null ? null : body.toString();
        try {
            Http.Answer answer = http.send(request);
            if (answer.position != null && answer.position.matches("\\d{1,18}")) {
                reached(Long.parseLong(answer.position));
            }
            synchronized (this) {
                busyInARow = 0;
            }
            return answer.body;
        } catch (Failure failure) {
            throw noted(failure, request.token);
        }
    }

    /** A token that was refused is dropped, unless a newer one has taken its place meanwhile. */
    private synchronized Failure noted(Failure failure, String token) {
        boolean isCurrent = session != null && session.token.equals(token);
        if (failure.kind == Failure.Kind.SIGNED_OUT && isCurrent) {
            session = null;
        }
        busyInARow = failure.status == 503 ? busyInARow + 1 : 0;
        if (busyInARow >= BUSY_BEFORE_POSITION_IS_DROPPED) {
            position = 0;
        }
        return failure;
    }

    private static <T> T read(String body, Reader<T> reader) throws Failure {
        try {
            return reader.read(new JSONObject(body));
        } catch (JSONException e) {
            throw Failure.of(Failure.Kind.NOT_THE_SHOP, e);
        }
    }

    static JSONObject body(String... namesAndValues) {
        JSONObject body = new JSONObject();
        try {
            for (int i = 0; i < namesAndValues.length; i += 2) {
                body.put(namesAndValues[i], namesAndValues[i + 1]);
            }
        } catch (JSONException e) {
            throw new IllegalStateException("a text is always JSON", e);
        }
        return body;
    }

    /** Leaves out what is null or empty. */
    private static String query(String... namesAndValues) {
        StringBuilder query = new StringBuilder();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            String value = namesAndValues[i + 1];
            if (value != null && !value.isEmpty()) {
                query.append(query.length() == 0 ? '?' : '&').append(namesAndValues[i]).append('=').append(encoded(value));
            }
        }
        return query.toString();
    }

    private static String encoded(String value) {
        try {
            return URLEncoder.encode(value, "UTF-8");
        } catch (UnsupportedEncodingException e) {
            throw new IllegalStateException("UTF-8 is everywhere", e);
        }
    }
}
