package shop.agora.app;

import android.content.Context;
import android.util.AttributeSet;
import android.widget.LinearLayout;

/** A vertical row of views that never gets wider than is good to read. */
public final class Column extends LinearLayout {
    public Column(Context context, AttributeSet attributes) {
        super(context, attributes);
        setOrientation(VERTICAL);
    }

    @Override
    protected void onMeasure(int widthSpec, int heightSpec) {
        int most = getResources().getDimensionPixelSize(R.dimen.column_width);
        int width = Math.min(MeasureSpec.getSize(widthSpec), most);
        super.onMeasure(MeasureSpec.makeMeasureSpec(width, MeasureSpec.getMode(widthSpec)), heightSpec);
    }
}
