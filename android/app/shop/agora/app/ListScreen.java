package shop.agora.app;

import android.os.Bundle;
import android.view.View;
import android.view.ViewGroup;
import android.widget.AbsListView;
import android.widget.AdapterView;
import android.widget.BaseAdapter;
import android.widget.TextView;
import shop.agora.core.Failure;
import shop.agora.core.Page;
import shop.agora.core.PagedList;
import shop.agora.core.ShopClient;

/** A screen that is a list, loaded page by page; the list outlives a rotation. */
abstract class ListScreen<T> extends ShopActivity {
    private static final int ROWS_AHEAD = 8;

    private PagedList<T> list;
    private Object loadedFrom;
    private final BaseAdapter adapter = new Adapter();

    /** One page, on a background thread. */
    abstract Page<T> load(ShopClient shop, String after) throws Failure;

    abstract View row(T item, View recycled, ViewGroup parent);

    abstract void open(T item);

    /** There is nothing to show, and it is no failure. */
    abstract void showEmpty();

    /** What a rotation hands over. */
    private static final class Held {
        final Object list;
        final Object loadedFrom;

        Held(Object list, Object loadedFrom) {
            this.list = list;
            this.loadedFrom = loadedFrom;
        }
    }

    @Override
    public Object onRetainNonConfigurationInstance() {
        return new Held(list, loadedFrom);
    }

    @Override
    @SuppressWarnings("unchecked") // The same class of screen put it there.
    protected void onCreate(Bundle saved) {
        super.onCreate(saved);
        Held held = (Held) getLastNonConfigurationInstance();
        list = held == null ? new PagedList<T>() : (PagedList<T>) held.list;
        loadedFrom = held == null ? null : held.loadedFrom;
    }

    /** Once the layout with the view {@code list} is there. */
    void bindList() {
        AbsListView view = (AbsListView) findViewById(R.id.list);
        view.setAdapter(adapter);
        view.setOnItemClickListener(new AdapterView.OnItemClickListener() {
            @Override
            public void onItemClick(AdapterView<?> parent, View row, int index, long id) {
                open(list.items().get(index));
            }
        });
        view.setOnScrollListener(new AbsListView.OnScrollListener() {
            @Override
            public void onScroll(AbsListView scrolled, int first, int visible, int total) {
                if (total > 0 && first + visible + ROWS_AHEAD >= total) {
                    ask(list.more());
                }
            }

            @Override
            public void onScrollStateChanged(AbsListView scrolled, int scrollState) {}
        });
        findViewById(R.id.banner).setOnClickListener(new View.OnClickListener() {
            @Override
            public void onClick(View banner) {
                retry();
            }
        });
        refreshable(new Runnable() {
            @Override
            public void run() {
                refresh();
            }
        });
        ask(list.asked());
        showList();
    }

    /** Where the items come from: items of another source are not shown while the list reloads. */
    Object source() {
        return app().client();
    }

    /** Whether this screen has yet to load anything from the source in use. */
    boolean isNew() {
        return loadedFrom == null || !loadedFrom.equals(source());
    }

    void restart() {
        loadedFrom = source();
        ask(list.restart());
    }

    void refresh() {
        ask(list.refresh());
    }

    private void retry() {
        ask(list.retry());
    }

    @Override
    void onNetworkBack() {
        if (list.failure() != null) {
            retry();
        }
    }

    private void ask(final PagedList.Ticket ticket) {
        if (ticket == null || app().client() == null) {
            return;
        }
        showList();
        app().call(this, new Call<Page<T>>() {
            @Override
            Page<T> ask(ShopClient shop) throws Failure {
                return load(shop, ticket.after);
            }

            @Override
            void done(Page<T> page) {
                list.accept(ticket, page);
                showList();
            }

            @Override
            void failed(Failure failure) {
                list.fail(ticket, failure);
                showList();
            }
        });
    }

    private void showList() {
        adapter.notifyDataSetChanged();
        if (app().client() == null) {
            showNoShop();
            return;
        }
        boolean isReady = list.state() == PagedList.State.READY;
        showBusy(isReady && list.asked() != null);
        showBanner(isReady ? list.failure() : null);
        switch (list.state()) {
            case READY:
                state.hide();
                break;
            case LOADING:
                state.showLoading();
                break;
            case EMPTY:
                showEmpty();
                break;
            default:
                showFailure(list.failure(), new Runnable() {
                    @Override
                    public void run() {
                        retry();
                    }
                });
                break;
        }
    }

    static void text(View row, int id, String text) {
        ((TextView) row.findViewById(id)).setText(text);
    }

    private final class Adapter extends BaseAdapter {
        @Override
        public int getCount() {
            return list == null ? 0 : list.items().size();
        }

        @Override
        public Object getItem(int index) {
            return list.items().get(index);
        }

        @Override
        public long getItemId(int index) {
            return index;
        }

        @Override
        public View getView(int index, View recycled, ViewGroup parent) {
            return row(list.items().get(index), recycled, parent);
        }
    }
}
