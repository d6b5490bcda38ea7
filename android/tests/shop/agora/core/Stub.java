package shop.agora.core;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A gateway that misbehaves as told: it hands every connection to the test, down to its bytes. */
final class Stub implements AutoCloseable {
    static final Http.Patience IMPATIENT = new Http.Patience(1_000, 700, 1_500);

    /** One request as it came. */
    static final class Request {
        final String line;
        final Map<String, String> headers = new TreeMap<>();
        String body = "";

        Request(String line) {
            this.line = line;
        }

        boolean is(String methodAndPath) {
            return line.startsWith(methodAndPath);
        }
    }

    /** Answers one request; the connection is closed after it. */
    interface Handler {
        void answer(Request request, OutputStream out) throws Exception;
    }

    final List<Request> requests = new CopyOnWriteArrayList<>();
    private final ServerSocket server;
    private final List<Socket> open = new CopyOnWriteArrayList<>();
    private final Handler handler;

    Stub(Handler handler) throws IOException {
        this.handler = handler;
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread thread = new Thread(this::accept);
        thread.setDaemon(true);
        thread.start();
    }

    static Stub answering(int status, String type, String body, String... headers) throws IOException {
        return new Stub((request, out) -> respond(out, status, type, body, headers));
    }

    static void json(OutputStream out, String body, String... headers) throws IOException {
        respond(out, 200, "application/json", body, headers);
    }

    static void respond(OutputStream out, int status, String type, String body, String... headers) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        StringBuilder head = new StringBuilder("HTTP/1.1 " + status + " X\r\nConnection: close\r\nContent-Type: " + type
                + "\r\nContent-Length: " + bytes.length + "\r\n");
        for (String header : headers) {
            head.append(header).append("\r\n");
        }
        out.write(head.append("\r\n").toString().getBytes(StandardCharsets.UTF_8));
        out.write(bytes);
        out.flush();
    }

    ShopAddress address() throws Exception {
        return ShopAddress.parse("http://127.0.0.1:" + server.getLocalPort());
    }

    ShopClient client() throws Exception {
        return new ShopClient(address(), new Session("token-1", "ada"), IMPATIENT);
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket socket = server.accept();
                open.add(socket);
                Thread thread = new Thread(() -> serve(socket));
                thread.setDaemon(true);
                thread.start();
            } catch (IOException e) {
                return;
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            Request request = read(new BufferedInputStream(socket.getInputStream()));
            if (request != null) {
                requests.add(request);
                handler.answer(request, socket.getOutputStream());
            }
        } catch (Exception e) {
            // The client went away, or the test ended: both are meant.
            return;
        }
    }

    private static Request read(InputStream in) throws IOException {
        String line = readLine(in);
        if (line.isEmpty()) {
            return null;
        }
        Request request = new Request(line);
        for (String header = readLine(in); !header.isEmpty(); header = readLine(in)) {
            int colon = header.indexOf(':');
            request.headers.put(header.substring(0, colon).toLowerCase(Locale.ROOT), header.substring(colon + 1).trim());
        }
        int length = Integer.parseInt(request.headers.getOrDefault("content-length", "0"));
        request.body = new String(in.readNBytes(length), StandardCharsets.UTF_8);
        return request;
    }

    private static String readLine(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b >= 0 && b != '\n'; b = in.read()) {
            if (b != '\r') {
                line.write(b);
            }
        }
        return line.toString(StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket socket : open) {
            socket.close();
        }
    }
}
