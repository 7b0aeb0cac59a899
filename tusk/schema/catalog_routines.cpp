#include <tusk/schema/catalog_queries.hpp>

namespace tusk::schema::detail {

namespace {

std::string routine_place() {
    return "select n.nspname as schema, p.proname || '(' || oidvectortypes(p.proargtypes) || ')' as name, "
           "'pg_proc'::regclass::oid as classid, p.oid as objid, 0 as objsubid, ";
}
std::string routines() { return " from pg_proc p join pg_namespace n on n.oid = p.pronamespace "; }
std::string common() {
    return owner_of("p.proowner") + ", " + privileges_of("p.proacl", 'f', "p.proowner") + ", " +
           comment_of("pg_proc", "p.oid");
}
/// Functions of range types and of languages are internal: they come and go with what needs them.
std::string of_users() {
    return of_user("pg_proc", "p.oid") + " and not exists (select from pg_depend i where i.classid = "
                                         "'pg_proc'::regclass and i.objid = p.oid and i.deptype = 'i')";
}

catalog_query callable(object_kind kind) {
    return {kind,
            routine_place() +
                "pg_get_functiondef(p.oid) as definition, pg_get_function_arguments(p.oid) as arguments, "
                "pg_get_function_result(p.oid) as result, " +
                common() + routines() + "where p.prokind in (" +
                (kind == object_kind::procedure ? "'p'" : "'f', 'w'") + ") and " + of_users()};
}

catalog_query aggregates() {
    const auto option = [](const char* name, const std::string& value) {
        return std::string{" || coalesce(', "} + name + " = ' || " + value + ", '')";
    };
    const auto function = [](const std::string& column) {
        return "nullif(" + column + "::oid, 0)::regproc::text";
    };
    return {object_kind::aggregate,
            routine_place() +
                "'SFUNC = ' || a.aggtransfn::text || ', STYPE = ' || format_type(a.aggtranstype, null)" +
                option("SSPACE", "nullif(a.aggtransspace, 0)::text") +
                option("FINALFUNC", function("a.aggfinalfn")) +
                " || case when a.aggfinalextra then ', FINALFUNC_EXTRA' else '' end" +
                option("COMBINEFUNC", function("a.aggcombinefn")) +
                option("SERIALFUNC", function("a.aggserialfn")) +
                option("DESERIALFUNC", function("a.aggdeserialfn")) +
                option("INITCOND", "quote_literal(a.agginitval)") +
                option("MSFUNC", function("a.aggmtransfn")) +
                option("MINVFUNC", function("a.aggminvtransfn")) +
                option("MSTYPE", "nullif(format_type(nullif(a.aggmtranstype, 0), null), '-')") +
                option("MFINALFUNC", function("a.aggmfinalfn")) +
                option("MINITCOND", "quote_literal(a.aggminitval)") +
                " || case when a.aggsortop <> 0 then (select ', SORTOP = OPERATOR(' || "
                "quote_ident(sn.nspname) || '.' "
                "|| o.oprname || ')' from pg_operator o join pg_namespace sn on sn.oid = o.oprnamespace "
                "where o.oid = "
                "a.aggsortop) else '' end || case p.proparallel when 's' then ', PARALLEL = SAFE' when 'r' "
                "then ', "
                "PARALLEL = RESTRICTED' else '' end || case when a.aggkind = 'h' then ', HYPOTHETICAL' else "
                "'' end as "
                "definition, pg_get_function_arguments(p.oid) as arguments, " +
                common() + routines() + "join pg_aggregate a on a.aggfnoid = p.oid where " + of_users()};
}

} // namespace

std::vector<catalog_query> routine_queries(int) {
    return {callable(object_kind::function), callable(object_kind::procedure), aggregates()};
}

std::vector<catalog_query> type_queries(int version) {
    const std::string place = "select n.nspname as schema, t.typname as name, 'pg_type'::regclass::oid as "
                              "classid, t.oid as objid, 0 as "
                              "objsubid, ";
    const std::string common = owner_of("t.typowner") + ", " + privileges_of("t.typacl", 'T', "t.typowner") +
                               ", " + comment_of("pg_type", "t.oid");
    const std::string from = " from pg_type t join pg_namespace n on n.oid = t.typnamespace ";
    const auto collation = [](const std::string& oid) {
        return "(select quote_ident(cn.nspname) || '.' || quote_ident(o.collname) from pg_collation o join "
               "pg_namespace cn on cn.oid = o.collnamespace where o.oid = " +
               oid + ")";
    };
    return {
        {object_kind::enum_type, place +
                                     "(select string_agg(e.enumlabel, chr(30) order by e.enumsortorder) from "
                                     "pg_enum e where e.enumtypid = "
                                     "t.oid) as \"values\", " +
                                     common + from + "where t.typtype = 'e' and " +
                                     of_user("pg_type", "t.oid")},
        {object_kind::domain, place +
                                  "format_type(t.typbasetype, t.typtypmod) as type, case when t.typnotnull "
                                  "then 'true' end as not_null, "
                                  "pg_get_expr(t.typdefaultbin, 0) as \"default\", case when t.typcollation "
                                  "<> 0 and t.typcollation <> "
                                  "b.typcollation then " +
                                  collation("t.typcollation") + " end as collation, " + common + from +
                                  "join pg_type b on b.oid = t.typbasetype where t.typtype = 'd' and " +
                                  of_user("pg_type", "t.oid")},
        {object_kind::domain_constraint,
         "select n.nspname as schema, t.typname as \"table\", k.conname as name, "
         "'pg_constraint'::regclass::oid as "
         "classid, k.oid as objid, 0 as objsubid, regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', "
         "'') as "
         "definition, case when not k.convalidated then 'true' end as not_valid, " +
             comment_of("pg_constraint", "k.oid") +
             " from pg_constraint k join pg_type t on t.oid = k.contypid join pg_namespace n on n.oid = "
             "t.typnamespace where k.contype = 'c' and " +
             of_user("pg_type", "t.oid")},
        {object_kind::composite_type,
         place +
             "(select string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod) || "
             "case when "
             "a.attcollation <> at.typcollation then ' COLLATE ' || " +
             collation("a.attcollation") +
             " else '' end, chr(30) order by a.attnum) from pg_attribute a join pg_type at on at.oid = "
             "a.atttypid where "
             "a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) as attributes, "
             "(select string_agg(quote_ident(a.attname) || ' ' || d.description, chr(30) order by a.attnum) "
             "from pg_attribute a join pg_description d on d.classoid = 'pg_class'::regclass and d.objoid = "
             "t.typrelid and d.objsubid = a.attnum where a.attrelid = t.typrelid and a.attnum > 0) as "
             "column_comments, " +
             common + from +
             "join pg_class c on c.oid = t.typrelid where t.typtype = 'c' and c.relkind = 'c' and " +
             of_user("pg_type", "t.oid")},
        {object_kind::range_type,
         place +
             "'SUBTYPE = ' || format_type(r.rngsubtype, null) || coalesce(', SUBTYPE_OPCLASS = ' || (select "
             "quote_ident(qn.nspname) || '.' || quote_ident(q.opcname) from pg_opclass q join pg_namespace "
             "qn on "
             "qn.oid = q.opcnamespace where q.oid = r.rngsubopc and not q.opcdefault), '') || coalesce(', "
             "COLLATION "
             "= ' || (select " +
             collation("r.rngcollation") +
             " from pg_type s where s.oid = r.rngsubtype and s.typcollation <> r.rngcollation), '') || "
             "coalesce(', "
             "CANONICAL = ' || nullif(r.rngcanonical::oid, 0)::regproc::text, '') || coalesce(', "
             "SUBTYPE_DIFF = ' || "
             "nullif(r.rngsubdiff::oid, 0)::regproc::text, '')" +
             (version >= 140000
                  ? " || ', MULTIRANGE_TYPE_NAME = ' || (select quote_ident(mn.nspname) || '.' || "
                    "quote_ident(m.typname) from pg_type m join pg_namespace mn on mn.oid = "
                    "m.typnamespace where m.oid = r.rngmultitypid)"
                  : "") +
             " as definition, " + common + from +
             "join pg_range r on r.rngtypid = t.oid where t.typtype = 'r' and " +
             of_user("pg_type", "t.oid")},
    };
}

} // namespace tusk::schema::detail
