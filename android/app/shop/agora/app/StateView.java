package shop.agora.app;

import android.app.Activity;
import android.view.View;
import android.widget.Button;
import android.widget.ImageView;
import android.widget.TextView;

/** What a screen shows in place of its content: that it is loading, or why there is nothing, and what to do. */
final class StateView {
    private final View root;
    private final View busy;
    private final ImageView icon;
    private final TextView title;
    private final TextView text;
    private final Button button;

    StateView(Activity activity) {
        root = activity.findViewById(R.id.state);
        busy = root.findViewById(R.id.state_busy);
        icon = (ImageView) root.findViewById(R.id.state_icon);
        title = (TextView) root.findViewById(R.id.state_title);
        text = (TextView) root.findViewById(R.id.state_text);
        button = (Button) root.findViewById(R.id.state_button);
    }

    void hide() {
        root.setVisibility(View.GONE);
    }

    void showLoading() {
        root.setVisibility(View.VISIBLE);
        busy.setVisibility(View.VISIBLE);
        icon.setVisibility(View.GONE);
        title.setText(R.string.loading);
        text.setVisibility(View.GONE);
        button.setVisibility(View.GONE);
    }

    void show(int iconId, String titleText, String bodyText, String buttonText, final Runnable onButton) {
        root.setVisibility(View.VISIBLE);
        busy.setVisibility(View.GONE);
        icon.setVisibility(View.VISIBLE);
        icon.setImageResource(iconId);
        title.setText(titleText);
        text.setVisibility(View.VISIBLE);
        text.setText(bodyText);
        button.setVisibility(View.VISIBLE);
        button.setText(buttonText);
        button.setOnClickListener(new View.OnClickListener() {
            @Override
            public void onClick(View view) {
                onButton.run();
            }
        });
    }
}
