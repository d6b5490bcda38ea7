package shop.agora.core;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.Charset;

/** Server-sent events, read one by one as the HTML standard's "event stream" says. */
final class EventStream {
    /** One event. */
    static final class Event {
        /** The last id the stream gave, also in an earlier event; null before the first. */
        final String id;
        final String data;

        Event(String id, String data) {
            this.id = id;
            this.data = data;
        }
    }

    private final BufferedReader lines;
    private String id;

    EventStream(InputStream in, String lastEventId) {
        lines = new BufferedReader(new InputStreamReader(in, Charset.forName("UTF-8")));
        id = lastEventId;
    }

    /** Waits for the next event. Null at the end of the stream: what is unfinished there is dropped. */
    Event next() throws IOException {
        StringBuilder data = new StringBuilder();
        boolean hasData = false;
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            if (line.isEmpty()) {
                if (hasData) {
                    return new Event(id, data.toString());
                }
                continue;
            }
            int colon = line.indexOf(':');
            String field = colon < 0 ? line : line.substring(0, colon);
            String value = colon < 0 ? "" : line.substring(colon + (line.startsWith(": ", colon) ? 2 : 1));
            if (field.equals("id") && value.indexOf('\0') < 0) {
                id = value;
            } else if (field.equals("data")) {
                data.append(hasData ? "\n" : "").append(value);
                hasData = true;
            }
        }
        return null;
    }
}
