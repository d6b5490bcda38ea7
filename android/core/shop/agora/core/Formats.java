package shop.agora.core;

import java.math.BigDecimal;
import java.text.DateFormat;
import java.text.DecimalFormat;
import java.text.NumberFormat;
import java.util.Currency;
import java.util.Date;
import java.util.GregorianCalendar;
import java.util.Locale;
import java.util.TimeZone;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Amounts, counts and times as people of one language and place read them; and RFC 3339 as the shop writes it. */
public final class Formats {
    private static final Pattern RFC_3339 = Pattern.compile(
            "(\\d{4})-(\\d\\d)-(\\d\\d)[Tt ](\\d\\d):(\\d\\d):(\\d\\d)(?:\\.(\\d{1,9}))?(?:[Zz]|([+-])(\\d\\d):(\\d\\d))");

    private final Locale locale;
    private final TimeZone zone;

    public Formats(Locale locale, TimeZone zone) {
        this.locale = locale;
        this.zone = zone;
    }

    /** Milliseconds since 1970. @throws IllegalArgumentException if it is no RFC 3339 time */
    public static long parseTime(String text) {
        Matcher m = RFC_3339.matcher(text);
        if (!m.matches()) {
            throw new IllegalArgumentException("not an RFC 3339 time");
        }
        GregorianCalendar calendar = new GregorianCalendar(TimeZone.getTimeZone("UTC"), Locale.ROOT);
        calendar.clear();
        calendar.set(number(m, 1), number(m, 2) - 1, number(m, 3), number(m, 4), number(m, 5), number(m, 6));
        long offsetMs = m.group(8) == null ? 0 : (number(m, 9) * 60L + number(m, 10)) * 60_000L;
        long millis = m.group(7) == null ? 0 : Long.parseLong((m.group(7) + "00").substring(0, 3));
        return calendar.getTimeInMillis() + millis - ("-".equals(m.group(8)) ? -offsetMs : offsetMs);
    }

    private static int number(Matcher matcher, int group) {
        return Integer.parseInt(matcher.group(group));
    }

    /** {@code 1,234.50} in English, {@code 1.234,50} in German. */
    public String amount(Money money) {
        NumberFormat format = NumberFormat.getNumberInstance(locale);
        format.setMinimumFractionDigits(2);
        format.setMaximumFractionDigits(2);
        return format.format(money.decimal());
    }

    /** With the currency, where the shop named one that is known here; else the code is put before the amount. */
    public String amount(Money money, String currencyCode) {
        try {
            DecimalFormat format = (DecimalFormat) NumberFormat.getCurrencyInstance(locale);
            format.setCurrency(Currency.getInstance(currencyCode));
            format.setMinimumFractionDigits(2);
            format.setMaximumFractionDigits(2);
            return format.format(money.decimal());
        } catch (IllegalArgumentException | ClassCastException e) {
            return (currencyCode + " " + amount(money)).trim();
        }
    }

    public String count(long number) {
        return NumberFormat.getIntegerInstance(locale).format(number);
    }

    public String dateAndTime(long timeMs) {
        return in(DateFormat.getDateTimeInstance(DateFormat.MEDIUM, DateFormat.SHORT, locale), timeMs);
    }

    public String date(long timeMs) {
        return in(DateFormat.getDateInstance(DateFormat.LONG, locale), timeMs);
    }

    /** To the hundredth: the steps of an order are that close together. */
    public String seconds(long durationMs) {
        NumberFormat format = NumberFormat.getNumberInstance(locale);
        format.setMinimumFractionDigits(2);
        format.setMaximumFractionDigits(2);
        return format.format(BigDecimal.valueOf(durationMs, 3));
    }

    private String in(DateFormat format, long timeMs) {
        format.setTimeZone(zone);
        return format.format(new Date(timeMs));
    }
}
