package shop.agora.app;

import android.content.Context;
import android.content.res.Resources;
import java.util.ArrayList;
import java.util.List;
import shop.agora.core.AccountForm;
import shop.agora.core.Failure;
import shop.agora.core.Order;
import shop.agora.core.OrderStep;
import shop.agora.core.Product;
import shop.agora.core.ShopAddress;
import shop.agora.core.Timeline;

/** The words for what the core knows only by name. */
final class Texts {
    private Texts() {}

    static String title(ShopActivity screen, Failure failure) {
        if (isOffline(screen, failure)) {
            return screen.getString(R.string.offline_title);
        }
        switch (failure.kind) {
            case UNREACHABLE: return screen.getString(R.string.unreachable_title);
            case CUT: return screen.getString(R.string.cut_title);
            case TIMEOUT: return screen.getString(R.string.timeout_title);
            case INSECURE: return screen.getString(R.string.insecure_title);
            case NOT_THE_SHOP: return screen.getString(R.string.not_the_shop_title);
            case BUSY: return screen.getString(R.string.busy_title);
            case SIGNED_OUT: return screen.getString(R.string.signed_out_title);
            case BROKEN: return screen.getString(R.string.broken_title);
            default: return screen.getString(R.string.refused_title);
        }
    }

    static String text(ShopActivity screen, Failure failure) {
        if (isOffline(screen, failure)) {
            return screen.getString(R.string.offline_text);
        }
        switch (failure.kind) {
            case UNREACHABLE: return screen.getString(R.string.unreachable_text);
            case CUT: return screen.getString(R.string.cut_text);
            case TIMEOUT: return screen.getString(R.string.timeout_text);
            case INSECURE: return screen.getString(R.string.insecure_text);
            case NOT_THE_SHOP: return screen.getString(R.string.not_the_shop_text);
            case BUSY: return busy(screen, failure.retryAfterSeconds);
            case SIGNED_OUT: return screen.getString(R.string.signed_out_text);
            case BROKEN: return screen.getString(R.string.broken_text);
            default: return refused(screen, failure);
        }
    }

    private static boolean isOffline(ShopActivity screen, Failure failure) {
        return failure.problem == null && !screen.isOnline();
    }

    private static String busy(Context context, int seconds) {
        return seconds == 0 ? context.getString(R.string.busy_text)
                : context.getResources().getQuantityString(R.plurals.busy_wait_text, seconds, seconds);
    }

    /** The shop's own words, where it had some. */
    private static String refused(Context context, Failure failure) {
        String words = failure.problem == null ? "" : failure.problem.words();
        return words.isEmpty() ? context.getString(R.string.refused_text) : words;
    }

    /** For a note beside what goes on being shown. */
    static String sentence(ShopActivity screen, Failure failure) {
        return failure.kind == Failure.Kind.REFUSED ? refused(screen, failure) : title(screen, failure) + ".";
    }

    static String fault(Context context, AccountForm.Fault fault) {
        switch (fault) {
            case USER_NAME_LENGTH: return context.getString(R.string.fault_user_name_length);
            case USER_NAME_LETTERS: return context.getString(R.string.fault_user_name_letters);
            case PASSWORD_LENGTH: return context.getString(R.string.fault_password_length);
            case EMAIL: return context.getString(R.string.fault_email);
            default: return context.getString(R.string.fault_missing);
        }
    }

    static String fault(Context context, ShopAddress.Fault fault) {
        switch (fault) {
            case EMPTY: return context.getString(R.string.address_empty);
            case SCHEME: return context.getString(R.string.address_scheme);
            case EXTRA: return context.getString(R.string.address_extra);
            default: return context.getString(R.string.address_host);
        }
    }

    static String availability(Context context, Product product) {
        Resources resources = context.getResources();
        switch (product.availability()) {
            case SOLD_OUT: return resources.getString(R.string.sold_out);
            case FEW: return resources.getQuantityString(R.plurals.few_left, product.available, product.available);
            default: return resources.getString(R.string.in_stock);
        }
    }

    static int status(Order.Status status) {
        switch (status) {
            case PENDING: return R.string.status_pending;
            case APPROVED: return R.string.status_approved;
            case FINALIZED: return R.string.status_finalized;
            case CANCELED: return R.string.status_canceled;
            default: return R.string.status_unknown;
        }
    }

    static String reasons(Context context, Order order) {
        List<String> sentences = new ArrayList<String>();
        for (String word : order.reasons) {
            sentences.add(reason(context, word));
        }
        return android.text.TextUtils.join("\n", sentences);
    }

    private static String reason(Context context, String word) {
        switch (Order.reason(word)) {
            case OUT_OF_STOCK: return context.getString(R.string.reason_out_of_stock);
            case LOW_CREDIT: return context.getString(R.string.reason_low_credit);
            case PRICE_CHANGED: return context.getString(R.string.reason_price_changed);
            case UNKNOWN_PRODUCT: return context.getString(R.string.reason_unknown_product);
            case UNKNOWN_CUSTOMER: return context.getString(R.string.reason_unknown_customer);
            case DEADLINE: return context.getString(R.string.reason_deadline);
            default: return context.getString(R.string.reason_other, word);
        }
    }

    static String step(Context context, Timeline.Row row) {
        if (row.kind == OrderStep.Kind.OTHER) {
            return row.event;
        }
        return context.getString(row.tone == Timeline.Tone.WAITING ? awaited(row.kind) : happened(row.kind));
    }

    private static int happened(OrderStep.Kind kind) {
        switch (kind) {
            case PLACED: return R.string.step_placed;
            case STOCK_RESERVED: return R.string.step_stock_reserved;
            case STOCK_DENIED: return R.string.step_stock_denied;
            case CREDIT_RESERVED: return R.string.step_credit_reserved;
            case CREDIT_DENIED: return R.string.step_credit_denied;
            case APPROVED: return R.string.step_approved;
            case FINALIZED: return R.string.step_finalized;
            case STOCK_COMMITTED: return R.string.step_stock_committed;
            case CREDIT_DEBITED: return R.string.step_credit_debited;
            case INVOICE_ISSUED: return R.string.step_invoice_issued;
            case STOCK_RELEASED: return R.string.step_stock_released;
            case CREDIT_RELEASED: return R.string.step_credit_released;
            default: return R.string.step_denied;
        }
    }

    private static int awaited(OrderStep.Kind kind) {
        switch (kind) {
            case STOCK_RESERVED: return R.string.awaiting_stock;
            case CREDIT_RESERVED: return R.string.awaiting_credit;
            case STOCK_COMMITTED: return R.string.awaiting_commit;
            case CREDIT_DEBITED: return R.string.awaiting_debit;
            case INVOICE_ISSUED: return R.string.awaiting_invoice;
            case STOCK_RELEASED: return R.string.awaiting_stock_release;
            case CREDIT_RELEASED: return R.string.awaiting_credit_release;
            default: return R.string.awaiting_end;
        }
    }
}
