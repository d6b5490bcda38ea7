package shop.agora.core;

import java.net.MalformedURLException;
import java.net.URL;
import java.util.Locale;

/** Where the shop is, as the user entered it. Every request goes below it, and to no other place. */
public final class ShopAddress {
    /** Why what was entered cannot be an address. */
    public enum Fault { EMPTY, SCHEME, HOST, EXTRA }

    /** What was entered cannot be an address. */
    public static final class Invalid extends Exception {
        private static final long serialVersionUID = 1;
        public final Fault fault;

        Invalid(Fault fault) {
            super(fault.name());
            this.fault = fault;
        }
    }

    private final String base;
    private final boolean plain;

    private ShopAddress(String base, boolean plain) {
        this.base = base;
        this.plain = plain;
    }

    /**
     * Without a scheme it is https: plain http is only taken where the user wrote so. A query, a fragment or a
     * user name in it is refused, so that nothing typed by mistake is sent with every request.
     */
    public static ShopAddress parse(String entered) throws Invalid {
        String text = entered.trim();
        if (text.isEmpty()) {
            throw new Invalid(Fault.EMPTY);
        }
        URL url = url(text.contains("://") ? text : "https://" + text);
        if (url.getHost().isEmpty() || url.getPort() > 65535 || url.getPort() == 0) {
            throw new Invalid(Fault.HOST);
        }
        if (url.getQuery() != null || url.getRef() != null || url.getUserInfo() != null) {
            throw new Invalid(Fault.EXTRA);
        }
        String host = url.getHost().toLowerCase(Locale.ROOT);
        String port = url.getPort() < 0 ? "" : ":" + url.getPort();
        String path = url.getPath().replaceAll("/+$", "");
        return new ShopAddress(url.getProtocol() + "://" + host + port + path, url.getProtocol().equals("http"));
    }

    private static URL url(String text) throws Invalid {
        String scheme = text.substring(0, text.indexOf("://")).toLowerCase(Locale.ROOT);
        if (!scheme.equals("http") && !scheme.equals("https")) {
            throw new Invalid(Fault.SCHEME);
        }
        String rest = text.substring(text.indexOf("://"));
        if (!rest.matches("[\\x21-\\x7e]+")) {
            throw new Invalid(Fault.HOST);
        }
        try {
            return new URL(scheme + rest);
        } catch (MalformedURLException e) {
            throw new Invalid(Fault.HOST);
        }
    }

    /** Nothing is encrypted on the way: the user has to be told. */
    public boolean isPlain() {
        return plain;
    }

    /** @param path begins with a slash */
    URL resolve(String path) {
        try {
            return new URL(base + path);
        } catch (MalformedURLException e) {
            throw new IllegalStateException("an address was a URL when it was parsed", e);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ShopAddress && ((ShopAddress) other).base.equals(base);
    }

    @Override
    public int hashCode() {
        return base.hashCode();
    }

    @Override
    public String toString() {
        return base;
    }
}
