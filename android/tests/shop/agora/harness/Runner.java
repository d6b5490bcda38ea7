package shop.agora.harness;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Runs every {@link Test} of the classes named, several at a time; the last line says how many passed and failed. */
public final class Runner {
    private static final int AT_A_TIME = 8;
    private static final int MINUTES_AT_MOST = 10;

    private enum Outcome { PASSED, FAILED, SKIPPED }

    private Runner() {}

    public static void main(String[] classNames) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(AT_A_TIME);
        List<Future<Outcome>> outcomes = new ArrayList<>();
        for (String className : classNames) {
            Class<?> tests = Class.forName(className);
            for (Method method : tests.getDeclaredMethods()) {
                if (method.isAnnotationPresent(Test.class)) {
                    outcomes.add(threads.submit(() -> run(tests, method)));
                }
            }
        }
        int[] counts = new int[Outcome.values().length];
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(MINUTES_AT_MOST);
        for (Future<Outcome> outcome : outcomes) {
            counts[outcome.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS).ordinal()]++;
        }
        String skipped = counts[2] == 0 ? "" : ", " + counts[2] + " skipped";
        System.out.println(counts[0] + " passed, " + counts[1] + " failed" + skipped);
        System.exit(counts[1] == 0 && counts[0] > 0 ? 0 : 1);
    }

    private static Outcome run(Class<?> tests, Method method) {
        long start = System.nanoTime();
        String name = tests.getSimpleName() + ": " + method.getName().replace('_', ' ');
        try {
            var constructor = tests.getDeclaredConstructor();
            constructor.setAccessible(true);
            method.setAccessible(true);
            method.invoke(constructor.newInstance());
            System.out.printf("ok      %s (%d ms)%n", name, (System.nanoTime() - start) / 1_000_000);
            return Outcome.PASSED;
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof Expect.Skipped) {
                System.out.println("skipped " + name + " (" + e.getCause().getMessage() + ")");
                return Outcome.SKIPPED;
            }
            return failed(name, e.getCause());
        } catch (ReflectiveOperationException e) {
            return failed(name, e);
        }
    }

    private static Outcome failed(String name, Throwable why) {
        synchronized (System.out) {
            System.out.println("FAILED  " + name);
            why.printStackTrace(System.out);
        }
        return Outcome.FAILED;
    }
}
