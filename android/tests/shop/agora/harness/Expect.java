package shop.agora.harness;

import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/** What tests ask for. */
public final class Expect {
    private static final int WAIT_SECONDS = 60;
    private static final int LOOK_EVERY_MS = 20;

    /** The test cannot be run here. */
    public static final class Skipped extends RuntimeException {
        private static final long serialVersionUID = 1;

        public Skipped(String why) {
            super(why);
        }
    }

    private Expect() {}

    public static void that(boolean isSo, String what) {
        if (!isSo) {
            throw new AssertionError("expected: " + what);
        }
    }

    public static void equal(Object expected, Object actual) {
        if (!Objects.equals(expected, actual)) {
            throw new AssertionError("expected: " + expected + "\n but was: " + actual);
        }
    }

    public static <E extends Throwable> E failure(Class<E> kind, Callable<?> work) throws Exception {
        try {
            Object answer = work.call();
            throw new AssertionError("expected " + kind.getSimpleName() + ", got " + answer);
        } catch (Throwable thrown) {
            if (kind.isInstance(thrown)) {
                return kind.cast(thrown);
            }
            if (thrown instanceof Error) {
                throw (Error) thrown;
            }
            throw (Exception) thrown;
        }
    }

    /** Looks again and again until it is so; there is a deadline far beyond what is ever needed. */
    public static void eventually(String what, Callable<Boolean> isSo) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
        while (!isSo.call()) {
            that(System.nanoTime() < deadline, what + ", in " + WAIT_SECONDS + " s");
            Thread.sleep(LOOK_EVERY_MS);
        }
    }
}
