#include "CCurl.h"

#include "CLoader.h"

#define SSL_FUNCTIONS(X)                                                                                                       \
    X(SSL_CTX_get_ex_data)                                                                                                     \
    X(SSL_CTX_set_ex_data)                                                                                                     \
    X(SSL_CTX_set_verify)                                                                                                      \
    X(SSL_get_SSL_CTX)                                                                                                         \
    X(SSL_get_ex_data_X509_STORE_CTX_idx)

NEST_LIBRARY("libssl.so.3", SSL_FUNCTIONS)
NEST_NOTE_LIBRARY(nest_note_ssl, "http", "libssl.so.3");

void *nest_ssl_ctx_data(const SSL_CTX *context, int index) {
    return loaded()->SSL_CTX_get_ex_data(context, index);
}

int nest_ssl_ctx_set_data(SSL_CTX *context, int index, void *data) {
    return loaded()->SSL_CTX_set_ex_data(context, index, data);
}

void nest_ssl_ctx_set_verify(SSL_CTX *context, int mode, SSL_verify_cb callback) {
    loaded()->SSL_CTX_set_verify(context, mode, callback);
}

SSL_CTX *nest_ssl_context(const SSL *session) {
    return loaded()->SSL_get_SSL_CTX(session);
}

int nest_ssl_session_index(void) {
    return loaded()->SSL_get_ex_data_X509_STORE_CTX_idx();
}
