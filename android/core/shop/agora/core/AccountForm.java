package shop.agora.core;

import java.util.LinkedHashMap;
import java.util.Map;
import org.json.JSONException;
import org.json.JSONObject;

/** What a customer types about themselves, and the rules for it that need no shop to be told. */
public final class AccountForm {
    /** The fields, by the API's names: where a word of the shop about one of them belongs. */
    public enum Field {
        USER_NAME("UserName"), PASSWORD("Password"), FULL_NAME("FullName"), EMAIL("Email"),
        CURRENT_PASSWORD("CurrentPassword");

        public final String word;

        Field(String word) {
            this.word = word;
        }
    }

    /** What is wrong with a field. */
    public enum Fault { MISSING, USER_NAME_LENGTH, USER_NAME_LETTERS, PASSWORD_LENGTH, EMAIL }

    public String userName = "";
    public String password = "";
    public String fullName = "";
    public String email = "";
    public String currentPassword = "";

    public Map<Field, Fault> faultsOfRegistration() {
        Map<Field, Fault> faults = faultsOfPerson();
        add(faults, Field.USER_NAME, faultOfUserName());
        add(faults, Field.PASSWORD, faultOfPassword());
        return faults;
    }

    public Map<Field, Fault> faultsOfUpdate() {
        Map<Field, Fault> faults = faultsOfPerson();
        if (!password.isEmpty()) {
            add(faults, Field.PASSWORD, faultOfPassword());
            add(faults, Field.CURRENT_PASSWORD, currentPassword.isEmpty() ? Fault.MISSING : null);
        }
        return faults;
    }

    private Map<Field, Fault> faultsOfPerson() {
        Map<Field, Fault> faults = new LinkedHashMap<Field, Fault>();
        add(faults, Field.FULL_NAME, fullName.trim().isEmpty() ? Fault.MISSING : null);
        add(faults, Field.EMAIL, email.trim().matches("[^@\\s]+@[^@\\s]+") ? null : Fault.EMAIL);
        return faults;
    }

    private Fault faultOfUserName() {
        int length = userName.length();
        if (length < 3 || length > 64) {
            return Fault.USER_NAME_LENGTH;
        }
        return userName.matches("[a-z0-9._-]+") ? null : Fault.USER_NAME_LETTERS;
    }

    private Fault faultOfPassword() {
        int length = password.codePointCount(0, password.length());
        return length < 8 || length > 128 ? Fault.PASSWORD_LENGTH : null;
    }

    private static void add(Map<Field, Fault> faults, Field field, Fault fault) {
        if (fault != null) {
            faults.put(field, fault);
        }
    }

    JSONObject registration() {
        return ShopClient.body("UserName", userName, "Password", password, "FullName", fullName.trim(),
                "Email", email.trim());
    }

    /** The passwords only where a new one was typed. */
    JSONObject update(String ofUserName) {
        JSONObject body = ShopClient.body("UserName", ofUserName, "FullName", fullName.trim(), "Email", email.trim());
        try {
            if (!password.isEmpty()) {
                body.put("Password", password).put("CurrentPassword", currentPassword);
            }
        } catch (JSONException e) {
            throw new IllegalStateException("a text is always JSON", e);
        }
        return body;
    }
}
