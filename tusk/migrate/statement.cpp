#include <tusk/migrate/statement.hpp>

#include <algorithm>

#include <tusk/migrate/lexer.hpp>
#include <tusk/migrate/text.hpp>

namespace tusk::migrate {

namespace {

/// The code of a statement, one token ahead.
class words {
public:
    explicit words(std::string_view sql) : lexer_{sql} { step(); }

    bool end() const { return !there_; }
    const token& now() const { return now_; }
    bool is(std::string_view word) const { return there_ && now_.is(word); }
    void step() { there_ = lexer_.next_code(now_); }
    bool take(std::string_view word) {
        const bool found = is(word);
        if (found) step();
        return found;
    }
    /// Goes on to a word; false when it does not come.
    bool find(std::string_view word) {
        while (there_ && !now_.is(word)) step();
        return there_;
    }
    /// `name` or `schema.name`; the last part, and what stands before it.
    std::string name(std::string* qualifier = nullptr) {
        std::string part;
        std::string whole;
        for (; there_ && (now_.kind == token_kind::word || now_.kind == token_kind::quoted); step()) {
            part = now_.text;
            step();
            if (!there_ || !now_.is_symbol('.')) break;
            whole += (whole.empty() ? "" : ".") + part;
        }
        if (qualifier != nullptr) *qualifier = whole;
        return part;
    }

private:
    lexer lexer_;
    token now_;
    bool there_ = true;
};

bool is_any(const words& w, std::initializer_list<std::string_view> of) {
    return std::any_of(of.begin(), of.end(), [&](std::string_view each) { return w.is(each); });
}

statement_kind kind_of_create(words& w) {
    w.take("unique");
    if (w.take("index"))
        return w.is("concurrently") ? statement_kind::create_index : statement_kind::ordinary;
    if (is_any(w, {"database", "tablespace", "subscription"})) return statement_kind::outside;
    return statement_kind::ordinary;
}

statement_kind kind_of_drop(words& w) {
    if (w.take("index")) return w.is("concurrently") ? statement_kind::drop_index : statement_kind::ordinary;
    if (is_any(w, {"database", "tablespace", "subscription"})) return statement_kind::outside;
    return statement_kind::ordinary;
}

statement_kind kind_of_alter(words& w) {
    if (w.is("system")) return statement_kind::repeatable;
    if (w.take("database")) return w.find("tablespace") ? statement_kind::outside : statement_kind::ordinary;
    if (!w.take("table") || !w.find("detach") || !w.find("partition")) return statement_kind::ordinary;
    // DETACH PARTITION name CONCURRENTLY; a second time it says that there is no such partition.
    w.step();
    w.name();
    return w.is("concurrently") ? statement_kind::outside : statement_kind::ordinary;
}

statement_kind kind_of_reindex(words& w) {
    for (; !w.end(); w.step())
        if (is_any(w, {"concurrently", "database", "system", "schema"})) return statement_kind::reindex;
    return statement_kind::ordinary;
}

statement_kind kind_of_copy(words& w) {
    if (!w.find("from")) return statement_kind::ordinary;
    w.step();
    return w.is("stdin") ? statement_kind::copy_from_client : statement_kind::ordinary;
}

bool controls_transaction(words& w) {
    if (is_any(w, {"begin", "commit", "rollback", "abort", "end", "savepoint", "release"})) return true;
    if (w.take("start")) return w.is("transaction");
    return w.take("prepare") && w.is("transaction");
}

} // namespace

statement_kind kind_of(std::string_view sql) {
    words w{sql};
    if (!w.end() && w.now().is_symbol('\\')) return statement_kind::client_command;
    if (w.take("create")) return kind_of_create(w);
    if (w.take("drop")) return kind_of_drop(w);
    if (w.take("alter")) return kind_of_alter(w);
    if (w.take("reindex")) return kind_of_reindex(w);
    if (w.take("copy")) return kind_of_copy(w);
    if (w.is("vacuum")) return statement_kind::repeatable;
    if (w.take("cluster"))
        return w.end() || w.now().kind == token_kind::semicolon ? statement_kind::repeatable
                                                                : statement_kind::ordinary;
    return controls_transaction(w) ? statement_kind::transaction_control : statement_kind::ordinary;
}

index_names index_names_of(std::string_view sql) {
    words w{sql};
    index_names out;
    const bool creates = w.take("create");
    if (!creates && !w.take("drop")) return out;
    w.take("unique");
    if (!w.take("index")) return out;
    w.take("concurrently");
    if (w.take("if")) {
        w.take("not");
        w.take("exists");
    }
    if (!creates) {
        out.index = w.name(&out.schema);
        // Several at once cannot be told apart afterwards.
        if (!w.end() && w.now().is_symbol(',')) out = {};
        return out;
    }
    if (!w.is("on")) out.index = w.name();
    if (!w.take("on")) return {};
    w.take("only");
    std::string schema;
    out.table = w.name(&schema);
    if (!schema.empty()) out.table = schema + "." + out.table;
    return out;
}

std::string comparable_index(std::string_view sql) {
    static constexpr std::string_view left_out[] = {"concurrently", "if",     "not",   "exists", "using",
                                                    "btree",        "asc",    "nulls", "last",   "first",
                                                    "only",         "create", "index"};
    std::string out;
    lexer tokens{sql};
    bool predicate = false; // "is not null" means something there
    std::string previous;
    for (token t; tokens.next_code(t);) {
        if (t.kind == token_kind::semicolon || t.is_symbol('(') || t.is_symbol(')')) continue;
        predicate = predicate || t.is("where");
        auto text = t.kind == token_kind::word ? lower(t.text) : std::string{t.text};
        if (!predicate && std::find(std::begin(left_out), std::end(left_out), text) != std::end(left_out))
            continue;
        if (text == ".") { // a qualifier
            out.erase(out.size() - previous.size() - 1);
            previous.clear();
            continue;
        }
        if (t.kind == token_kind::quoted && lower(text) == text) text = text.substr(1, text.size() - 2);
        out += text + ' ';
        previous = text;
    }
    return out;
}

} // namespace tusk::migrate
