package shop.agora.app;

import android.content.Intent;
import android.os.Bundle;
import android.os.Handler;
import android.view.View;
import android.widget.Button;
import android.widget.EditText;
import android.widget.TextView;
import shop.agora.core.Failure;
import shop.agora.core.Formats;
import shop.agora.core.Money;
import shop.agora.core.OrderForm;
import shop.agora.core.Product;
import shop.agora.core.Profile;
import shop.agora.core.ShopClient;

/** One product, and the form to order it. */
public final class ProductActivity extends ShopActivity {
    static final String ID = "id";
    private static final String FORM = "form";
    /** How often an order is sent again by itself while the shop is busy; then it is up to the customer. */
    private static final int SENT_AGAIN_MAX = 5;

    private Product product;
    private OrderForm form;
    private Failure orderFailure;
    private final Handler later = new Handler();
    private int sentAgain;
    private final Runnable again = new Runnable() {
        @Override
        public void run() {
            sentAgain++;
            send();
        }
    };
    private TextView total;
    private TextView credit;
    private TextView fault;
    private TextView note;
    private EditText quantity;
    private Button order;

    @Override
    protected void onCreate(Bundle saved) {
        super.onCreate(saved);
        setContentView(R.layout.activity_product);
        header(R.string.product, true);
        refreshable(new Runnable() {
            @Override
            public void run() {
                load();
            }
        });
        product = (Product) getLastNonConfigurationInstance();
        form = saved == null ? new OrderForm(id(), App.KEYS) : OrderForm.restore(saved.getString(FORM), App.KEYS);
        bindForm();
        if (product != null) {
            show();
        }
        if (form.state() == OrderForm.State.UNCERTAIN && product != null) {
            // Turned while the order was on its way: the same request again brings the answer that was missed.
            send();
        }
    }

    private String id() {
        return getIntent().getStringExtra(ID);
    }

    @Override
    public Object onRetainNonConfigurationInstance() {
        return product;
    }

    @Override
    protected void onSaveInstanceState(Bundle saved) {
        super.onSaveInstanceState(saved);
        saved.putString(FORM, form.save());
    }

    @Override
    protected void onStart() {
        super.onStart();
        load();
    }

    /** Nothing is ordered behind the back of someone who has gone on. */
    @Override
    protected void onStop() {
        super.onStop();
        later.removeCallbacks(again);
    }

    @Override
    void onNetworkBack() {
        load();
    }

    private void bindForm() {
        total = (TextView) findViewById(R.id.total);
        credit = (TextView) findViewById(R.id.credit);
        fault = (TextView) findViewById(R.id.quantity_fault);
        note = (TextView) findViewById(R.id.order_note);
        quantity = (EditText) findViewById(R.id.quantity);
        order = (Button) findViewById(R.id.order);
        quantity.setText(form.typed());
        new Typing.Instant(quantity) {
            @Override
            void typed(String text) {
                later.removeCallbacks(again);
                form.type(text);
                showForm();
            }
        };
        stepBy(R.id.less, -1);
        stepBy(R.id.more, 1);
        order.setOnClickListener(new View.OnClickListener() {
            @Override
            public void onClick(View view) {
                sentAgain = 0;
                send();
            }
        });
    }

    private void stepBy(int button, final int by) {
        findViewById(button).setOnClickListener(new View.OnClickListener() {
            @Override
            public void onClick(View view) {
                later.removeCallbacks(again);
                form.step(by);
                quantity.setText(form.typed());
            }
        });
    }

    private void load() {
        if (product == null) {
            state.showLoading();
        }
        showBusy(product != null);
        app().call(this, new Call<Product>() {
            @Override
            Product ask(ShopClient shop) throws Failure {
                return shop.product(id());
            }

            @Override
            void done(Product loaded) {
                product = loaded;
                showBanner(null);
                show();
                loadCredit();
            }

            @Override
            void failed(Failure failure) {
                showBusy(false);
                if (product != null) {
                    showBanner(failure);
                } else {
                    showFailure(failure, new Runnable() {
                        @Override
                        public void run() {
                            load();
                        }
                    });
                }
            }
        });
    }

    /** The page is of use without it: the shop has the last word on every order. */
    private void loadCredit() {
        if (!app().isLoggedIn()) {
            return;
        }
        app().call(this, new Call<Profile>() {
            @Override
            Profile ask(ShopClient shop) throws Failure {
                return shop.profile();
            }

            @Override
            void done(Profile profile) {
                form.showCredit(profile.available);
                showForm();
            }

            @Override
            void failed(Failure failure) {
                form.showCredit(null);
                showForm();
            }
        });
    }

    private void show() {
        state.hide();
        showBusy(false);
        findViewById(R.id.content).setVisibility(View.VISIBLE);
        Formats formats = app().formats();
        ((PictureView) findViewById(R.id.picture)).show(product.categoryName, product.name);
        ((TextView) findViewById(R.id.name)).setText(product.name);
        ((TextView) findViewById(R.id.category)).setText(product.categoryName);
        ((TextView) findViewById(R.id.price)).setText(formats.amount(product.price, product.currency));
        Badges.availability((TextView) findViewById(R.id.availability), product);
        TextView description = (TextView) findViewById(R.id.description);
        description.setText(product.description);
        description.setVisibility(product.description.isEmpty() ? View.GONE : View.VISIBLE);
        TextView supplier = (TextView) findViewById(R.id.supplier);
        supplier.setText(product.code.isEmpty() ? getString(R.string.supplier, product.supplier)
                : getString(R.string.supplier_and_code, product.supplier, product.code));
        form.showPrice(product.price);
        showForm();
    }

    private void showForm() {
        boolean isSending = form.state() == OrderForm.State.SENDING;
        boolean isUncertain = form.state() == OrderForm.State.UNCERTAIN;
        boolean isEditing = !isSending && !isUncertain;
        quantity.setEnabled(isEditing);
        findViewById(R.id.less).setEnabled(isEditing);
        findViewById(R.id.more).setEnabled(isEditing);
        boolean isWrong = form.quantity() == 0;
        fault.setVisibility(isWrong ? View.VISIBLE : View.GONE);
        fault.setText(isWrong ? getString(R.string.quantity_fault) : "");
        total.setText(form.total() == null ? "–" : app().formats().amount(form.total(), currency()));
        showCredit();
        boolean isSoldOut = product != null && product.availability() == Product.Availability.SOLD_OUT;
        boolean canBeHad = !isSoldOut && !isBeyondCredit();
        order.setEnabled(!isSending && form.total() != null && (canBeHad || isUncertain));
        order.setText(isSending ? R.string.placing_order : isUncertain ? R.string.order_again
                : isSoldOut ? R.string.sold_out : app().isLoggedIn() ? R.string.place_order : R.string.log_in_to_order);
        showNote(isUncertain);
    }

    private void showCredit() {
        Money left = form.left();
        credit.setVisibility(left == null ? View.GONE : View.VISIBLE);
        if (left == null) {
            return;
        }
        Formats formats = app().formats();
        String before = formats.amount(form.credit(), currency());
        credit.setText(isBeyondCredit() ? getString(R.string.credit_too_low, before)
                : getString(R.string.credit_before_and_after, before, formats.amount(left, currency())));
        credit.setTextColor(getColor(isBeyondCredit() ? R.color.bad : R.color.ink_soft));
    }

    private boolean isBeyondCredit() {
        Money left = form.left();
        return left != null && left.minor() < 0;
    }

    private String currency() {
        return product == null ? "" : product.currency;
    }

    private void showNote(boolean isUncertain) {
        note.setVisibility(orderFailure == null && !isUncertain ? View.GONE : View.VISIBLE);
        String why = orderFailure == null ? "" : noteText(orderFailure);
        note.setText(isUncertain ? getString(R.string.order_uncertain, why).trim() : why);
    }

    /** The shop's word about the quantity, or any other field, says more than its general one. */
    private String noteText(Failure failure) {
        if (failure.problem != null && !failure.problem.fields.isEmpty()) {
            return failure.problem.fields.values().iterator().next();
        }
        return willBeSentAgain(failure) ? getString(R.string.order_sent_again) : Texts.sentence(this, failure);
    }

    private boolean willBeSentAgain(Failure failure) {
        return failure.isBusyWithOrders() && sentAgain < SENT_AGAIN_MAX;
    }

    private void send() {
        if (!app().isLoggedIn()) {
            toLogIn().run();
            return;
        }
        later.removeCallbacks(again);
        final OrderForm.Attempt attempt = form.send();
        if (attempt == null) {
            return;
        }
        orderFailure = null;
        showForm();
        app().call(this, new Call<String>() {
            @Override
            String ask(ShopClient shop) throws Failure {
                return shop.placeOrder(attempt);
            }

            @Override
            void done(String orderId) {
                placed(orderId);
            }

            @Override
            void failed(Failure failure) {
                form.failed(failure);
                orderFailure = failure;
                showForm();
                if (willBeSentAgain(failure)) {
                    // Not all at the same moment.
                    long pauseMs = 1000L * Math.max(1, failure.retryAfterSeconds);
                    later.postDelayed(again, pauseMs + (long) (Math.random() * pauseMs / 2));
                }
                if (failure.kind == Failure.Kind.SIGNED_OUT) {
                    toLogIn().run();
                }
            }
        });
    }

    /** The form starts afresh behind the order that is shown now: what is ordered there is another one. */
    private void placed(String orderId) {
        form = new OrderForm(id(), App.KEYS);
        form.showPrice(product.price);
        // What is left is asked for when the customer comes back.
        quantity.setText(form.typed());
        showForm();
        startActivity(new Intent(this, OrderActivity.class).putExtra(OrderActivity.ID, orderId));
    }
}
