package shop.agora.core;

import static shop.agora.harness.Expect.equal;
import static shop.agora.harness.Expect.that;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import shop.agora.harness.Test;

/** The state behind the screens: the order form and lists, over failures, rotation and the end of the process. */
final class ScreenStateTest {
    private final AtomicInteger keys = new AtomicInteger();
    private final OrderForm form = form();
    private final PagedList<String> list = new PagedList<>();

    private OrderForm form() {
        OrderForm made = new OrderForm("p", this::nextKey);
        made.showPrice(Money.parse("2.50"));
        return made;
    }

    private String nextKey() {
        return "key-" + keys.incrementAndGet();
    }

    private static Failure failed(int status) {
        return Failure.answered(status, "", 0);
    }

    private static Page<String> page(String next, String... items) {
        return new Page<>(List.of(items), next);
    }

    @Test
    void a_quantity_is_1_to_1000() {
        for (String wrong : List.of("", "0", "1001", "-1", "1.5", "a", "99999999999", "٣")) {
            form.type(wrong);
            equal(0, form.quantity());
            equal(null, form.total());
            equal(null, form.send());
        }
        form.type(" 1000 ");
        equal(Money.parse("2500"), form.total());
    }

    @Test
    void the_buttons_stay_within_what_can_be_ordered() {
        form.step(-1);
        equal("1", form.typed());
        form.type("1000");
        form.step(1);
        equal("1000", form.typed());
        form.type("nonsense");
        form.step(1);
        equal("1", form.typed());
    }

    @Test
    void a_refusal_gives_a_new_key_and_lets_the_form_be_changed() {
        String first = form.send().key;
        form.failed(failed(422));
        form.type("2");
        that(!first.equals(form.send().key), "another order has another key");
    }

    @Test
    void without_an_answer_only_the_same_request_can_be_sent_again() {
        OrderForm.Attempt first = form.send();
        equal(null, form.send());
        form.failed(Failure.of(Failure.Kind.TIMEOUT, null));
        form.type("9");
        form.step(1);
        form.showPrice(Money.parse("7"));
        OrderForm.Attempt second = form.send();
        equal(first.key, second.key);
        equal(first.body().toString(), second.body().toString());
    }

    @Test
    void an_attempt_that_never_got_there_says_nothing_about_an_earlier_one() {
        form.send();
        form.failed(Failure.of(Failure.Kind.UNREACHABLE, null));
        equal(OrderForm.State.EDITING, form.state());
        form.send();
        form.failed(failed(503));
        equal(OrderForm.State.UNCERTAIN, form.state());
        for (Failure beforeTheOrder : List.of(Failure.of(Failure.Kind.UNREACHABLE, null), failed(401), failed(404),
                failed(429))) {
            form.send();
            form.failed(beforeTheOrder);
            equal(OrderForm.State.UNCERTAIN, form.state());
        }
        form.send();
        form.failed(failed(422));
        equal(OrderForm.State.EDITING, form.state());
    }

    @Test
    void the_form_outlives_rotation_and_the_end_of_the_process() {
        form.type("12");
        OrderForm turned = OrderForm.restore(form.save(), this::nextKey);
        equal("12", turned.typed());
        equal(form.send().key, turned.send().key);
        OrderForm revived = OrderForm.restore(turned.save(), this::nextKey);
        equal(OrderForm.State.UNCERTAIN, revived.state());
        equal(Money.parse("30.00"), revived.total());
        equal("\"2.50\"", org.json.JSONObject.quote(revived.send().body().optString("Price")));
    }

    @Test
    void a_form_saved_before_there_was_a_price_comes_back() {
        OrderForm fresh = new OrderForm("p", this::nextKey);
        equal(null, OrderForm.restore(fresh.save(), this::nextKey).total());
    }

    @Test
    void a_list_loads_page_by_page_to_its_end() {
        PagedList.Ticket first = list.restart();
        equal(PagedList.State.LOADING, list.state());
        equal(null, list.more());
        list.accept(first, page("cursor", "a", "b"));
        PagedList.Ticket second = list.more();
        equal("cursor", second.after);
        equal(null, list.more());
        list.accept(second, page(null, "c"));
        equal(List.of("a", "b", "c"), list.items());
        equal(null, list.more());
    }

    @Test
    void a_late_answer_to_an_old_question_is_dropped() {
        PagedList.Ticket old = list.restart();
        PagedList.Ticket current = list.restart();
        list.accept(old, page(null, "old"));
        list.fail(old, failed(500));
        equal(PagedList.State.LOADING, list.state());
        list.accept(current, page(null, "new"));
        equal(List.of("new"), list.items());
    }

    @Test
    void a_refresh_keeps_what_is_shown_also_where_it_fails() {
        list.accept(list.restart(), page("c", "a"));
        PagedList.Ticket refresh = list.refresh();
        equal(PagedList.State.READY, list.state());
        list.fail(refresh, failed(503));
        equal(PagedList.State.READY, list.state());
        equal(503, list.failure().status);
        equal(null, list.more());
        list.accept(list.retry(), page(null, "b"));
        equal(null, list.failure());
    }

    @Test
    void a_list_is_empty_or_failed_only_once_it_is_known() {
        PagedList.Ticket first = list.restart();
        list.fail(first, failed(500));
        equal(PagedList.State.FAILED, list.state());
        PagedList.Ticket again = list.retry();
        equal(PagedList.State.LOADING, list.state());
        list.accept(again, page(null));
        equal(PagedList.State.EMPTY, list.state());
    }

    @Test
    void a_page_that_failed_is_asked_for_again() {
        list.accept(list.restart(), page("c", "a"));
        list.fail(list.more(), failed(500));
        PagedList.Ticket again = list.retry();
        equal("c", again.after);
        equal(again, list.asked());
    }
}
