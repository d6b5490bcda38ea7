package shop.agora.core;

import java.math.BigDecimal;
import java.math.RoundingMode;

/** An amount in the shop's one currency, kept as whole minor units (cents): never a floating point number. */
public final class Money implements Comparable<Money> {
    public static final Money ZERO = new Money(0);
    private static final int DECIMALS = 2;

    private final long minor;

    private Money(long minor) {
        this.minor = minor;
    }

    public static Money ofMinor(long minor) {
        return new Money(minor);
    }

    /**
     * Reads a JSON number or a decimal string with at most two decimals. {@code org.json} hands numbers on as
     * Double; its shortest decimal form is what the shop wrote for every amount below 10^13, so going over the
     * text is exact where arithmetic on the double would not be.
     *
     * @throws NumberFormatException if it is neither, or has more than two decimals
     */
    public static Money parse(Object value) {
        if (!(value instanceof Number) && !(value instanceof String)) {
            throw new NumberFormatException("not an amount");
        }
        try {
            BigDecimal amount = new BigDecimal(value.toString()).setScale(DECIMALS, RoundingMode.UNNECESSARY);
            return new Money(amount.movePointRight(DECIMALS).longValueExact());
        } catch (ArithmeticException e) {
            throw new NumberFormatException("an amount has at most two decimals");
        }
    }

    public long minor() {
        return minor;
    }

    /** The amount as a decimal: what formats and requests are made from. */
    public BigDecimal decimal() {
        return BigDecimal.valueOf(minor, DECIMALS);
    }

    /** @throws ArithmeticException beyond 92 quadrillion, far above the shop's own limits */
    public Money times(int quantity) {
        return new Money(BigDecimal.valueOf(minor).multiply(BigDecimal.valueOf(quantity)).longValueExact());
    }

    @Override
    public int compareTo(Money other) {
        return Long.compare(minor, other.minor);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Money && ((Money) other).minor == minor;
    }

    @Override
    public int hashCode() {
        return Long.valueOf(minor).hashCode();
    }

    /** With a point and two decimals, whatever the language: for requests, not for people. */
    @Override
    public String toString() {
        return decimal().toPlainString();
    }
}
