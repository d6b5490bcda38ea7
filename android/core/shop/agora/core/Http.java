package shop.agora.core;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.ProtocolException;
import java.net.SocketTimeoutException;
import java.nio.charset.Charset;
import javax.net.ssl.SSLException;

/**
 * One HTTP exchange with the shop, with time-outs and a limit on what is taken in. Redirects are not followed: they
 * could lead the token to another address, or from https to plain http.
 */
final class Http {
    private static final String EVENTS = "text/event-stream";
    private static final Charset UTF_8 = Charset.forName("UTF-8");
    /** The longest list the shop gives is 500 items of a few hundred bytes: more than this is not the shop. */
    private static final int MAX_ANSWER_BYTES = 4 * 1024 * 1024;

    /** How long to wait for what. */
    static final class Patience {
        final int connectMs;
        final int readMs;
        /** For the whole answer, however it trickles in. */
        final int answerMs;

        Patience(int connectMs, int readMs, int answerMs) {
            this.connectMs = connectMs;
            this.readMs = readMs;
            this.answerMs = answerMs;
        }
    }

    /** A whole answer with a status of success. */
    static final class Answer {
        final String body;
        final String position;

        Answer(String body, String position) {
            this.body = body;
            this.position = position;
        }
    }

    /** What is asked. The headers may be null. */
    static final class Request {
        final String path;
        final String token;
        final long position;
        /** Null for a GET. */
        String body;
        String idempotencyKey;
        String lastEventId;

        Request(String path, String token, long position) {
            this.path = path;
            this.token = token;
            this.position = position;
        }
    }

    private final ShopAddress address;
    private final Patience patience;

    Http(ShopAddress address, Patience patience) {
        this.address = address;
        this.patience = patience;
    }

    Answer send(Request request) throws Failure {
        HttpURLConnection connection = null;
        try {
            connection = open(request, "application/json", patience.readMs);
            requireSuccess(connection);
            String body = readAll(connection, connection.getInputStream());
            return new Answer(body, connection.getHeaderField("Agora-Position"));
        } catch (IOException e) {
            throw failure(e);
        } finally {
            if (connection != null) {
                connection.disconnect();
            }
        }
    }

    /** Server-sent events: the caller reads them from the connection's stream and disconnects it. */
    HttpURLConnection stream(Request request, int silenceMs) throws Failure {
        HttpURLConnection connection = null;
        try {
            connection = open(request, EVENTS, silenceMs);
            requireSuccess(connection);
            String type = connection.getContentType();
            if (type == null || !type.startsWith(EVENTS)) {
                connection.disconnect();
                throw Failure.of(Failure.Kind.NOT_THE_SHOP, null);
            }
            return connection;
        } catch (IOException e) {
            connection.disconnect();
            throw failure(e);
        }
    }

    private HttpURLConnection open(Request request, String accept, int readMs) throws IOException, Failure {
        HttpURLConnection connection = (HttpURLConnection) address.resolve(request.path).openConnection();
        connection.setInstanceFollowRedirects(false);
        connection.setUseCaches(false);
        connection.setConnectTimeout(patience.connectMs);
        connection.setReadTimeout(readMs);
        connection.setRequestProperty("Accept", accept);
        setHeader(connection, "Authorization", request.token == null ? null : "Bearer " + request.token);
        connection.setRequestProperty("Agora-Channel", "app");
        setHeader(connection, "Agora-Position", request.position > 0 ? Long.toString(request.position) : null);
        setHeader(connection, "Idempotency-Key", request.idempotencyKey);
        setHeader(connection, "Last-Event-ID", request.lastEventId);
        // Something between that compresses a stream would hold its events back.
        setHeader(connection, "Accept-Encoding", accept.equals(EVENTS) ? "identity" : null);
        connection.setRequestMethod(request.body == null ? "GET" : "POST");
        connection.setDoOutput(request.body != null);
        if (request.body != null) {
            connection.setRequestProperty("Content-Type", "application/json");
        }
        connect(connection);
        if (request.body != null) {
            OutputStream out = connection.getOutputStream();
            out.write(request.body.getBytes(UTF_8));
            out.close();
        }
        return connection;
    }

    private static void setHeader(HttpURLConnection connection, String name, String value) {
        if (value != null) {
            connection.setRequestProperty(name, value);
        }
    }

    /** Apart from the rest because a failure here means that nothing was sent. */
    private static void connect(HttpURLConnection connection) throws Failure {
        try {
            connection.connect();
        } catch (SSLException e) {
            throw Failure.of(Failure.Kind.INSECURE, e);
        } catch (IOException e) {
            throw Failure.of(Failure.Kind.UNREACHABLE, e);
        }
    }

    private void requireSuccess(HttpURLConnection connection) throws IOException, Failure {
        int status = connection.getResponseCode();
        if (status >= 200 && status < 300) {
            return;
        }
        InputStream body = connection.getErrorStream();
        String text = body == null ? "" : readAll(connection, body);
        throw Failure.answered(status, text, seconds(connection.getHeaderField("Retry-After")));
    }

    private static int seconds(String retryAfter) {
        return retryAfter != null && retryAfter.matches("\\d{1,6}") ? Integer.parseInt(retryAfter) : 0;
    }

    /** An answer shorter than announced is a lost connection: not every implementation says so by itself. */
    private String readAll(HttpURLConnection connection, InputStream in) throws Failure {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            copy(in, bytes);
        } catch (IOException e) {
            throw lost(e);
        }
        if (bytes.size() < connection.getContentLength()) {
            throw Failure.of(Failure.Kind.CUT, null);
        }
        return new String(bytes.toByteArray(), UTF_8);
    }

    private void copy(InputStream in, ByteArrayOutputStream bytes) throws IOException, Failure {
        long deadline = System.nanoTime() + patience.answerMs * 1_000_000L;
        byte[] buffer = new byte[8192];
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
            bytes.write(buffer, 0, count);
            if (bytes.size() > MAX_ANSWER_BYTES) {
                throw Failure.of(Failure.Kind.NOT_THE_SHOP, null);
            }
            if (System.nanoTime() > deadline) {
                throw Failure.of(Failure.Kind.TIMEOUT, null);
            }
        }
    }

    /** What broke while an answer was being read. */
    static Failure lost(IOException e) {
        return Failure.of(e instanceof SocketTimeoutException ? Failure.Kind.TIMEOUT : Failure.Kind.CUT, e);
    }

    /** What broke before the answer's head was read. */
    private static Failure failure(IOException e) {
        if (e instanceof SSLException) {
            return Failure.of(Failure.Kind.INSECURE, e);
        }
        return e instanceof ProtocolException ? Failure.of(Failure.Kind.NOT_THE_SHOP, e) : lost(e);
    }
}
