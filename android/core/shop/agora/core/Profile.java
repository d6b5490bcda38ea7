package shop.agora.core;

import org.json.JSONException;
import org.json.JSONObject;

/** A customer, as they see themselves. */
public final class Profile {
    public final String userName;
    public final String fullName;
    public final String email;
    public final Money credit;
    public final Money reserved;
    public final Money available;

    private Profile(JSONObject json) throws JSONException {
        userName = Json.string(json, "UserName");
        fullName = Json.optString(json, "FullName");
        email = Json.optString(json, "Email");
        credit = Json.money(json, "Credit");
        reserved = Json.money(json, "Reserved");
        available = Json.money(json, "Available");
    }

    static final ShopClient.Reader<Profile> READER = new ShopClient.Reader<Profile>() {
        @Override
        public Profile read(JSONObject json) throws JSONException {
            return new Profile(json);
        }
    };

    /** Of the whole credit, how many thousandths can be spent now: for drawing a bar. */
    public int availablePerMille() {
        if (credit.minor() <= 0) {
            return 0;
        }
        return available.decimal().movePointRight(3).divideToIntegralValue(credit.decimal()).intValue();
    }
}
