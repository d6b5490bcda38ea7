package shop.agora.core;

/** What the shopper asked the catalogue for. */
public final class ProductQuery {
    /** In which order, and the API's word for it; without one, what fits the search best comes first, or all is sorted by name. */
    public enum Sort {
        BEST(null), NAME("Name"), CHEAPEST("Price"), DEAREST("-Price"), NEWEST("Newest"), SOLD("Sold"), AVAILABLE("Available");

        final String word;

        Sort(String word) {
            this.word = word;
        }
    }

    public static final ProductQuery ALL = new ProductQuery(null, null, "", Sort.BEST);

    /** Null for all categories. */
    public final String categoryId;
    public final String categoryName;
    public final String search;
    public final Sort sort;

    private ProductQuery(String categoryId, String categoryName, String search, Sort sort) {
        this.categoryId = categoryId;
        this.categoryName = categoryName;
        this.search = search;
        this.sort = sort;
    }

    public ProductQuery inCategory(String id, String name) {
        return new ProductQuery(id, name, search, sort);
    }

    public ProductQuery matching(String text) {
        return new ProductQuery(categoryId, categoryName, text.trim(), sort);
    }

    public ProductQuery sortedBy(Sort newSort) {
        return new ProductQuery(categoryId, categoryName, search, newSort);
    }
}
