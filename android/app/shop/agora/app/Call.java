package shop.agora.app;

import shop.agora.core.Failure;
import shop.agora.core.ShopClient;

/** A question to the shop, asked on a thread of its own, and what to do with the answer on the main one. */
abstract class Call<T> {
    abstract T ask(ShopClient shop) throws Failure;

    abstract void done(T answer);

    abstract void failed(Failure failure);
}
