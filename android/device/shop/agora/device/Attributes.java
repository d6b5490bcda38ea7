package shop.agora.device;

import android.util.AttributeSet;
import shop.agora.preview.Box;

/** What a layout says about one view. */
public final class Attributes implements AttributeSet {
    public final Box box;

    public Attributes(Box box) {
        this.box = box;
    }
}
