package shop.agora.app;

import android.content.Context;
import android.content.res.Configuration;
import android.graphics.Canvas;
import android.graphics.Outline;
import android.graphics.Paint;
import android.graphics.Path;
import android.graphics.Typeface;
import android.util.AttributeSet;
import android.view.View;
import android.view.ViewOutlineProvider;
import shop.agora.core.Picture;

/** A product's picture, drawn as {@link Picture} says, filling the view and with round corners. */
public final class PictureView extends View {
    private static final float CORNER_DP = 13;
    private static final float LETTERS_OF_HEIGHT = 0.36f;

    private final Paint paint = new Paint(Paint.ANTI_ALIAS_FLAG);
    private final Path path = new Path();
    private Picture picture;

    public PictureView(Context context, AttributeSet attributes) {
        super(context, attributes);
        paint.setTextAlign(Paint.Align.CENTER);
        paint.setTypeface(Typeface.create("sans-serif-medium", Typeface.NORMAL));
        final float corner = CORNER_DP * getResources().getDisplayMetrics().density;
        setClipToOutline(true);
        setOutlineProvider(new ViewOutlineProvider() {
            @Override
            public void getOutline(View view, Outline outline) {
                outline.setRoundRect(0, 0, view.getWidth(), view.getHeight(), Math.min(corner, view.getHeight() / 5f));
            }
        });
    }

    void show(String category, String name) {
        int night = getResources().getConfiguration().uiMode & Configuration.UI_MODE_NIGHT_MASK;
        picture = new Picture(category, name, night == Configuration.UI_MODE_NIGHT_YES);
        invalidate();
    }

    @Override
    protected void onDraw(Canvas canvas) {
        if (picture == null) {
            return;
        }
        canvas.drawColor(picture.background);
        float side = Math.max(getWidth(), getHeight());
        float left = (getWidth() - side) / 2;
        float top = (getHeight() - side) / 2;
        for (Picture.Shape shape : picture.shapes) {
            paint.setColor(shape.argb);
            draw(canvas, shape, left, top, side);
        }
        paint.setColor(picture.letterColor);
        paint.setTextSize(getHeight() * LETTERS_OF_HEIGHT);
        float baseline = (getHeight() - paint.ascent() - paint.descent()) / 2;
        canvas.drawText(picture.letters, getWidth() / 2f, baseline, paint);
    }

    private void draw(Canvas canvas, Picture.Shape shape, float left, float top, float side) {
        float[] n = shape.numbers;
        if (shape.isCircle()) {
            canvas.drawCircle(left + n[0] * side, top + n[1] * side, n[2] * side, paint);
            return;
        }
        path.rewind();
        path.moveTo(left + n[0] * side, top + n[1] * side);
        for (int i = 2; i < n.length; i += 2) {
            path.lineTo(left + n[i] * side, top + n[i + 1] * side);
        }
        path.close();
        canvas.drawPath(path, paint);
    }
}
