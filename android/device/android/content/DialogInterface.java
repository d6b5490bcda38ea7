package android.content;

/** See {@link shop.agora.device.Device}. */
public interface DialogInterface {
    void dismiss();

    /** A tap. */
    interface OnClickListener {
        void onClick(DialogInterface dialog, int which);
    }
}
