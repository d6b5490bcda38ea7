//! Steps through a projection.

use crate::stub::{Asked, Manager};

#[tokio::test]
async fn each_event_is_shown_with_the_rows_that_it_changes() {
    let asked = Asked::default();
    let mut manager = Manager::at(&asked).await;
    let page = manager.get("/events/through?stream=order-1&upto=9&after=NQ&page=2").await;
    let found = asked.last("/events/read-through");
    assert!(found.ends_with("?Model=order&Stream=order-1&Upto=9&Limit=20&After=NQ"), "{found}");
    for shown in [
        "<code>order.placed</code>",
        "href=\"/events/9\"",
        "<span class=\"soft\">0</span> → <strong>3</strong>",
        "<span class=\"soft\">empty</span> → <strong>&#60;7&#62;</strong>",
        "<th scope=\"row\">at</th><td>5</td>",
        "<code>product-1</code> has too many events",
        "<option value=\"order\" selected>order</option>",
        "stream=order-1&#38;model=order&#38;upto=9&#38;page=3&#38;after=OQ",
    ] {
        assert!(page.contains(shown), "{shown} is not in\n{page}");
    }
    assert!(!page.contains("cause"), "a field that stays empty says nothing: {page}");
}

#[tokio::test]
async fn without_a_stream_nothing_is_asked_and_a_form_is_shown() {
    let asked = Asked::default();
    let page = Manager::at(&asked).await.get("/events/through").await;
    assert!(page.contains("name=\"stream\"") && !page.contains("class=\"walk\""), "{page}");
}

#[tokio::test]
async fn streams_of_categories_belong_to_the_product_service() {
    let asked = Asked::default();
    Manager::at(&asked).await.get("/events/through?stream=catalogue-all").await;
    assert!(asked.last("/events/read-through").contains("Model=product&"));
}
