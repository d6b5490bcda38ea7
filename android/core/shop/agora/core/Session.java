package shop.agora.core;

import org.json.JSONException;
import org.json.JSONObject;

/**
 * A log-in: who, with which token. The password is never part of it, and when the token ends is the shop's to say
 * (401): a phone's clock may be wrong.
 */
public final class Session {
    public final String token;
    public final String userName;

    Session(String token, String userName) {
        this.token = token;
        this.userName = userName;
    }

    static final ShopClient.Reader<Session> READER = new ShopClient.Reader<Session>() {
        @Override
        public Session read(JSONObject json) throws JSONException {
            return new Session(Json.string(json, "Token"), Json.string(json, "UserName"));
        }
    };
}
