// libcurl and libssl are loaded at the first call: they need thirty other libraries, and loading these takes as long as
// everything else in a run without network. The program is linked with the functions below instead of the libraries.

#include "CCurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

// curl.h defines macros with these names.
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

#define FORWARD(F) \
    F(CURLcode, curl_global_init, (long flags), (flags)) \
    F(CURL *, curl_easy_init, (void), ()) \
    F(void, curl_easy_cleanup, (CURL *easy), (easy)) \
    F(const char *, curl_easy_strerror, (CURLcode code), (code)) \
    F(void, curl_free, (void *bytes), (bytes)) \
    F(time_t, curl_getdate, (const char *text, const time_t *unused), (text, unused)) \
    F(CURLM *, curl_multi_init, (void), ()) \
    F(CURLMcode, curl_multi_cleanup, (CURLM *multi), (multi)) \
    F(CURLMcode, curl_multi_add_handle, (CURLM *multi, CURL *easy), (multi, easy)) \
    F(CURLMcode, curl_multi_remove_handle, (CURLM *multi, CURL *easy), (multi, easy)) \
    F(CURLMsg *, curl_multi_info_read, (CURLM *multi, int *left), (multi, left)) \
    F(CURLMcode, curl_multi_perform, (CURLM *multi, int *running), (multi, running)) \
    F(CURLMcode, curl_multi_poll, (CURLM *multi, struct curl_waitfd *files, unsigned int count, int timeout, int *ready), \
      (multi, files, count, timeout, ready)) \
    F(CURLMcode, curl_multi_wakeup, (CURLM *multi), (multi)) \
    F(struct curl_slist *, curl_slist_append, (struct curl_slist *list, const char *text), (list, text)) \
    F(void, curl_slist_free_all, (struct curl_slist *list), (list)) \
    F(CURLU *, curl_url, (void), ()) \
    F(void, curl_url_cleanup, (CURLU *url), (url)) \
    F(CURLUcode, curl_url_set, (CURLU *url, CURLUPart part, const char *value, unsigned int flags), (url, part, value, flags)) \
    F(void *, SSL_CTX_get_ex_data, (const SSL_CTX *context, int index), (context, index)) \
    F(int, SSL_CTX_set_ex_data, (SSL_CTX *context, int index, void *value), (context, index, value)) \
    F(void, SSL_CTX_set_verify, (SSL_CTX *context, int mode, SSL_verify_cb callback), (context, mode, callback)) \
    F(SSL_CTX *, SSL_get_SSL_CTX, (const SSL *connection), (connection)) \
    F(int, SSL_get_ex_data_X509_STORE_CTX_idx, (void), ())

#define POINTER(result, name, parameters, arguments) result(*name) parameters;
static struct {
    FORWARD(POINTER)
    // The first parameter of this function is `const` in newer headers.
    __typeof__(&curl_url_get) curl_url_get;
    CURLcode (*curl_easy_setopt)(CURL *, CURLoption, ...);
    CURLcode (*curl_easy_getinfo)(CURL *, CURLINFO, ...);
    CURLMcode (*curl_multi_setopt)(CURLM *, CURLMoption, ...);
} loaded;

/// Returns a library or symbol; if it was not found, ends the process as the dynamic linker does.
static void *required(void *found) {
    if (!found) {
        fprintf(stderr, "nest-bootstrap: error while loading shared libraries: %s\n", dlerror());
        _exit(127);
    }
    return found;
}

static void load(void) {
    // The symbols of libssl are found through libcurl, which depends on it.
    void *library = required(dlopen("libcurl.so.4", RTLD_NOW));
#define LOAD(result, name, parameters, arguments) loaded.name = required(dlsym(library, #name));
    FORWARD(LOAD)
    LOAD(, curl_url_get, , )
    LOAD(, curl_easy_setopt, , )
    LOAD(, curl_easy_getinfo, , )
    LOAD(, curl_multi_setopt, , )
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
#define CALL(name) (pthread_once(&once, load), loaded.name)

#define DEFINE(result, name, parameters, arguments) \
    result name parameters { return CALL(name) arguments; }
FORWARD(DEFINE)

CURLcode nest_curl_set_long(CURL *easy, CURLoption option, long value) {
    return CALL(curl_easy_setopt)(easy, option, value);
}

CURLcode nest_curl_set_string(CURL *easy, CURLoption option, const char *value) {
    return CALL(curl_easy_setopt)(easy, option, value);
}

CURLcode nest_curl_set_pointer(CURL *easy, CURLoption option, void *value) {
    return CALL(curl_easy_setopt)(easy, option, value);
}

CURLcode nest_curl_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
    return CALL(curl_easy_setopt)(easy, option, value);
}

CURLcode nest_curl_set_blob(CURL *easy, CURLoption option, void *bytes, size_t count) {
    struct curl_blob blob = {.data = bytes, .len = count, .flags = CURL_BLOB_COPY};
    return CALL(curl_easy_setopt)(easy, option, &blob);
}

CURLcode nest_curl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return CALL(curl_easy_setopt)(easy, option, value);
}

CURLcode nest_curl_set_write_function(CURL *easy, CURLoption option, curl_write_callback value) {
    return CALL(curl_easy_setopt)(easy, option, value);
}

CURLcode nest_curl_set_ssl_function(CURL *easy, CURLoption option, curl_ssl_ctx_callback value) {
    return CALL(curl_easy_setopt)(easy, option, value);
}

CURLcode nest_curl_get_long(CURL *easy, CURLINFO info, long *value) {
    return CALL(curl_easy_getinfo)(easy, info, value);
}

CURLcode nest_curl_get_offset(CURL *easy, CURLINFO info, curl_off_t *value) {
    return CALL(curl_easy_getinfo)(easy, info, value);
}

CURLcode nest_curl_get_string(CURL *easy, CURLINFO info, const char **value) {
    return CALL(curl_easy_getinfo)(easy, info, value);
}

CURLMcode nest_curl_set_multi_long(CURLM *multi, CURLMoption option, long value) {
    return CALL(curl_multi_setopt)(multi, option, value);
}

CURLUcode nest_curl_url_get(CURLU *url, CURLUPart part, char **value, unsigned int flags) {
    return CALL(curl_url_get)(url, part, value, flags);
}
