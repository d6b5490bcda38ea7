package android.os;

import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;

/** The main thread's queue. Its clock does not wait: with nothing else to do it moves on to the next thing due. */
public class Looper {
    private static final ThreadLocal<Looper> OF_THREAD = ThreadLocal.withInitial(Looper::new);
    private static final long LOOK_AGAIN_MS = 20;

    private static final class Task implements Comparable<Task> {
        final long due;
        final long order;
        final Runnable work;

        Task(long due, long order, Runnable work) {
            this.due = due;
            this.order = order;
            this.work = work;
        }

        @Override
        public int compareTo(Task other) {
            return due != other.due ? Long.compare(due, other.due) : Long.compare(order, other.order);
        }
    }

    private final PriorityQueue<Task> tasks = new PriorityQueue<>();
    private long now;
    private long count;

    /** The thread that asks is the main thread of its device. */
    public static Looper getMainLooper() {
        return OF_THREAD.get();
    }

    synchronized void add(Runnable work, long delayMs) {
        tasks.add(new Task(now + delayMs, count++, work));
        notifyAll();
    }

    synchronized void remove(Runnable work) {
        tasks.removeIf(task -> task.work == work);
    }

    /** The next thing due; with nothing there, waits a moment for another thread to bring something. Null without. */
    public synchronized Runnable next() throws InterruptedException {
        if (tasks.isEmpty()) {
            wait(LOOK_AGAIN_MS);
        }
        Task next = tasks.poll();
        now = next == null ? now : Math.max(now, next.due);
        return next == null ? null : next.work;
    }

    /** How long a condition is waited for: far beyond what is ever needed. */
    public static long deadline() {
        return System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    }
}
