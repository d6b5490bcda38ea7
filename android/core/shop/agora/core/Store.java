package shop.agora.core;

import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Properties;

/**
 * What the app remembers: the shop's address and the log-in there. One small file, in a folder of the app's own that
 * is never backed up, replaced as a whole so that a crash leaves the old or the new one. No password ever gets here.
 */
public final class Store {
    private static final String ADDRESS = "address";
    private static final String USER_NAME = "user-name";
    private static final String TOKEN = "token";

    private final File file;
    private final Properties values = new Properties();

    /** A file that is not there or cannot be read is an empty one: the user enters the address again. */
    public Store(File folder) {
        file = new File(folder, "shop.properties");
        try (InputStream in = new FileInputStream(file)) {
            values.load(in);
        } catch (IOException | IllegalArgumentException e) {
            values.clear();
        }
    }

    /** Null before the first was entered. */
    public synchronized ShopAddress address() {
        String text = values.getProperty(ADDRESS);
        try {
            return text == null ? null : ShopAddress.parse(text);
        } catch (ShopAddress.Invalid e) {
            return null;
        }
    }

    /** Null while logged out. */
    public synchronized Session session() {
        String token = values.getProperty(TOKEN);
        return token == null ? null : new Session(token, lastUserName());
    }

    /** Who was logged in last, to be offered at the next log-in; may be empty. */
    public synchronized String lastUserName() {
        return values.getProperty(USER_NAME, "");
    }

    /** A token counts for one shop only: another address ends the log-in. */
    public synchronized void setAddress(ShopAddress address) throws IOException {
        if (!address.equals(address())) {
            values.remove(TOKEN);
            values.remove(USER_NAME);
        }
        values.setProperty(ADDRESS, address.toString());
        write();
    }

    /** @param session null for logged out */
    public synchronized void setSession(Session session) throws IOException {
        if (session == null) {
            values.remove(TOKEN);
        } else {
            values.setProperty(TOKEN, session.token);
            values.setProperty(USER_NAME, session.userName);
        }
        write();
    }

    private void write() throws IOException {
        File fresh = new File(file.getPath() + ".new");
        try (OutputStream out = new FileOutputStream(fresh)) {
            values.store(out, null);
        }
        if (!fresh.renameTo(file)) {
            throw new IOException("cannot replace the settings");
        }
    }
}
