package shop.agora.app;

import android.os.Bundle;
import android.view.View;
import android.widget.TextView;
import shop.agora.core.Failure;
import shop.agora.core.Formats;
import shop.agora.core.Invoice;
import shop.agora.core.ShopClient;

/** The invoice of an order. */
public final class InvoiceActivity extends ShopActivity {
    static final String ID = "id";

    private Invoice invoice;

    @Override
    protected void onCreate(Bundle saved) {
        super.onCreate(saved);
        setContentView(R.layout.activity_invoice);
        header(R.string.invoice, true);
        invoice = (Invoice) getLastNonConfigurationInstance();
        findViewById(R.id.content).setVisibility(View.GONE);
    }

    @Override
    public Object onRetainNonConfigurationInstance() {
        return invoice;
    }

    /** An invoice never changes: what was loaded once is good. */
    @Override
    protected void onStart() {
        super.onStart();
        if (invoice == null) {
            load();
        } else {
            show();
        }
    }

    @Override
    void onNetworkBack() {
        if (invoice == null) {
            load();
        }
    }

    private void load() {
        state.showLoading();
        app().call(this, new Call<Invoice>() {
            @Override
            Invoice ask(ShopClient shop) throws Failure {
                return shop.invoice(getIntent().getStringExtra(ID));
            }

            @Override
            void done(Invoice loaded) {
                invoice = loaded;
                show();
            }

            @Override
            void failed(Failure failure) {
                showFailure(failure, new Runnable() {
                    @Override
                    public void run() {
                        load();
                    }
                });
            }
        });
    }

    private void show() {
        state.hide();
        findViewById(R.id.content).setVisibility(View.VISIBLE);
        Formats formats = app().formats();
        text(R.id.number, getString(R.string.invoice_number, Long.toString(invoice.number)));
        text(R.id.date, formats.date(invoice.issuedAtMs));
        text(R.id.customer, invoice.fullName.isEmpty() ? invoice.userName : invoice.fullName);
        text(R.id.product, invoice.productName);
        text(R.id.quantity, formats.count(invoice.quantity));
        text(R.id.unit_price, formats.amount(invoice.unitPrice, invoice.currency));
        text(R.id.total, formats.amount(invoice.total, invoice.currency));
        text(R.id.order_id, getString(R.string.order_id, invoice.orderId));
    }

    private void text(int id, String text) {
        ((TextView) findViewById(id)).setText(text);
    }
}
