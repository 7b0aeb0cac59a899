#include <tusk/schema/catalog_queries.hpp>

#include <iterator>

namespace tusk::schema::detail {

std::string comment_of(const char* catalog, const std::string& oid, const std::string& sub) {
    return "(select description from pg_description where classoid = '" + std::string{catalog} +
           "'::regclass and objoid = " + oid + " and objsubid = " + sub + ") as comment";
}

std::string privileges_of(const std::string& acl, char kind, const std::string& owner) {
    const auto entries = [&](const char* sign, const std::string& from) {
        return std::string{"select '"} + sign + "' || case acl_e.grantee when 0 then 'PUBLIC' when " + owner +
               " then 'OWNER' else quote_ident(pg_get_userbyid(acl_e.grantee)) end || ' ' || "
               "acl_e.privilege_type || "
               "case when acl_e.is_grantable then '*' else '' end as l, " +
               (sign[0] == '+' ? "acl_e.o" : "acl_e.o - 1000000") + " as o from aclexplode(" + from +
               ") with ordinality acl_e(grantor, grantee, privilege_type, is_grantable, o)";
    };
    const auto without = [](const std::string& all, const std::string& these) {
        return "select l, o from (" + all +
               ") acl_all where substr(l, 2) not in (select substr(l, 2) from (" + these + ") acl_these)";
    };
    const auto builtin = std::string{"acldefault('"} + kind + "', " + owner + ")";
    return "case when " + acl + " is not null then (select string_agg(l, chr(30) order by o) from (" +
           without(entries("+", acl), entries("-", builtin)) + " union all " +
           without(entries("-", builtin), entries("+", acl)) + ") acl_x) end as privileges";
}

std::string owner_of(const std::string& owner) {
    return "nullif(pg_get_userbyid(" + owner + "), current_user) as owner";
}

std::string of_user(const char* catalog, const std::string& oid) {
    return "n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and not exists (select from pg_depend "
           "e "
           "where e.classid = '" +
           std::string{catalog} + "'::regclass and e.objid = " + oid + " and e.deptype = 'e')";
}

namespace {

std::vector<catalog_query> database_queries() {
    return {
        {object_kind::schema,
         "select n.nspname as name, 'pg_namespace'::regclass::oid as classid, n.oid as objid, 0 as objsubid, "
         "case when n.nspname <> 'public' then nullif(pg_get_userbyid(n.nspowner), current_user) end as "
         "owner, "
         "nullif((select description from pg_description where classoid = 'pg_namespace'::regclass and "
         "objoid = "
         "n.oid), case when n.nspname = 'public' then 'standard public schema' end) as comment, "
         "(select p.privileges from (select " +
             privileges_of("n.nspacl", 'n', "n.nspowner") +
             ") p where n.nspname <> 'public' or n.nspacl is distinct from (select initprivs from "
             "pg_init_privs where "
             "classoid = 'pg_namespace'::regclass and objoid = n.oid)) as privileges from pg_namespace n "
             "where " +
             of_user("pg_namespace", "n.oid")},
        {object_kind::extension,
         "select e.extname as name, e.extversion as version, n.nspname as in_schema, "
         "'pg_extension'::regclass::oid as classid, e.oid as objid, 0 as objsubid, "
         "(select description from pg_description where classoid = 'pg_extension'::regclass and objoid = "
         "e.oid and description is distinct from (select a.comment from pg_available_extensions a where "
         "a.name "
         "= e.extname)) as comment from pg_extension e join pg_namespace n on n.oid = e.extnamespace where "
         "e.extname <> 'plpgsql'"},
        {object_kind::event_trigger,
         "select t.evtname as name, t.evtevent as event, array_to_string(t.evttags, chr(30)) as tags, "
         "(select quote_ident(fn.nspname) || '.' || quote_ident(p.proname) from pg_proc p join pg_namespace "
         "fn on "
         "fn.oid = p.pronamespace where p.oid = t.evtfoid) as function, case t.evtenabled when 'D' then "
         "'disable' "
         "when 'R' then 'enable replica' when 'A' then 'enable always' end as enabled, "
         "'pg_event_trigger'::regclass::oid as classid, t.oid as objid, 0 as objsubid, " +
             owner_of("t.evtowner") + ", " + comment_of("pg_event_trigger", "t.oid") +
             " from pg_event_trigger t where not exists (select from pg_depend e where e.classid = "
             "'pg_event_trigger'::regclass and e.objid = t.oid and e.deptype = 'e')"},
        {object_kind::default_privileges,
         "select coalesce(nullif(quote_ident(pg_get_userbyid(d.defaclrole)), quote_ident(current_user)), '') "
         "|| ' ' "
         "|| case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' "
         "when "
         "'T' then 'types' when 'n' then 'schemas' else 'large objects' end || coalesce(' in ' || "
         "quote_ident(n.nspname), '') as name, nullif(pg_get_userbyid(d.defaclrole), current_user) as role, "
         "n.nspname as in_schema, 'pg_default_acl'::regclass::oid as classid, d.oid as objid, 0 as objsubid, "
         "case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' "
         "when 'T' "
         "then 'types' when 'n' then 'schemas' else 'large objects' end as objects, "
         "(select string_agg(l, chr(30) order by l collate \"C\") from ("
         "(select '+' || case grantee when 0 then 'PUBLIC' when d.defaclrole then 'OWNER' else "
         "quote_ident(pg_get_userbyid(grantee)) end || ' ' || privilege_type || case when is_grantable then "
         "'*' "
         "else '' end as l from aclexplode(d.defaclacl) except "
         "select '+' || case grantee when 0 then 'PUBLIC' else 'OWNER' end || ' ' || privilege_type from "
         "aclexplode(acldefault(case d.defaclobjtype when 'S' then 's' else d.defaclobjtype end::\"char\", "
         "d.defaclrole)) where d.defaclnamespace = 0) union all "
         "(select '-' || case grantee when 0 then 'PUBLIC' else 'OWNER' end || ' ' || privilege_type from "
         "aclexplode(acldefault(case d.defaclobjtype when 'S' then 's' else d.defaclobjtype end::\"char\", "
         "d.defaclrole)) where d.defaclnamespace = 0 except "
         "select '-' || case grantee when 0 then 'PUBLIC' when d.defaclrole then 'OWNER' else "
         "quote_ident(pg_get_userbyid(grantee)) end || ' ' || privilege_type from aclexplode(d.defaclacl))) "
         "x) "
         "as privileges from pg_default_acl d left join pg_namespace n on n.oid = d.defaclnamespace"},
    };
}

} // namespace

std::vector<catalog_query> catalog_queries(int server_version) {
    auto out = database_queries();
    for (auto more : {type_queries(server_version), relation_queries(server_version),
                      routine_queries(server_version), other_queries(server_version)})
        out.insert(out.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    return out;
}

std::string alias_query() {
    return
        // rules that are views
        "select 'pg_rewrite'::regclass::oid as classid, r.oid as objid, 0 as objsubid, "
        "'pg_class'::regclass::oid as "
        "to_classid, r.ev_class as to_objid, 0 as to_objsubid from pg_rewrite r where r.rulename = '_RETURN' "
        "and r.oid >= 16384 "
        // expressions of generated columns
        "union all select 'pg_attrdef'::regclass, d.oid, 0, 'pg_class'::regclass, d.adrelid, d.adnum from "
        "pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum where "
        "a.attgenerated <> '' "
        // row types, arrays
        "union all select 'pg_type'::regclass, t.oid, 0, 'pg_class'::regclass, t.typrelid, 0 from pg_type t "
        "join "
        "pg_class c on c.oid = t.typrelid where c.relkind <> 'c' and t.oid >= 16384 "
        "union all select 'pg_type'::regclass, t.typarray, 0, 'pg_type'::regclass, t.oid, 0 from pg_type t "
        "where "
        "t.typarray <> 0 and t.oid >= 16384 and t.typtype in ('e', 'd', 'c', 'r') and not exists (select "
        "from "
        "pg_class c where c.oid = t.typrelid and c.relkind <> 'c') "
        "union all select 'pg_type'::regclass, t.typarray, 0, 'pg_class'::regclass, t.typrelid, 0 from "
        "pg_type t join "
        "pg_class c on c.oid = t.typrelid where c.relkind <> 'c' and t.typarray <> 0 and t.oid >= 16384 "
        "union all select 'pg_class'::regclass, t.typrelid, 0, 'pg_type'::regclass, t.oid, 0 from pg_type t "
        "join "
        "pg_class c on c.oid = t.typrelid where c.relkind = 'c' and t.oid >= 16384 "
        // members of operator classes, tables of publications
        "union all select d.classid, d.objid, 0, d.refclassid, d.refobjid, 0 from pg_depend d where "
        "d.classid "
        "in ('pg_amop'::regclass, 'pg_amproc'::regclass) and d.refclassid = 'pg_opclass'::regclass and "
        "d.refobjid >= 16384 union all select d.classid, d.objid, 0, d.refclassid, d.refobjid, 0 from "
        "pg_depend d where d.classid in (select c.oid from pg_class c where c.relname in "
        "('pg_publication_rel', 'pg_publication_namespace') and c.relnamespace = "
        "'pg_catalog'::regnamespace) and d.refclassid = 'pg_publication'::regclass "
        // indexes of constraints
        "union all select 'pg_class'::regclass, k.conindid, 0, 'pg_constraint'::regclass, k.oid, 0 from "
        "pg_constraint "
        "k where k.contype in ('p', 'u', 'x') and k.conindid <> 0 "
        // sequences of identity columns
        "union all select 'pg_class'::regclass, d.objid, 0, 'pg_class'::regclass, d.refobjid, d.refobjsubid "
        "from "
        "pg_depend d join pg_class s on s.oid = d.objid and s.relkind = 'S' where d.classid = "
        "'pg_class'::regclass and "
        "d.deptype = 'i' and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0";
}

std::string dependency_query() {
    return "select classid, objid, objsubid, refclassid, refobjid, refobjsubid from pg_depend where deptype "
           "in ('n', "
           "'a', 'i', 'P', 'S') and (refobjid >= 16384 or refclassid = 'pg_namespace'::regclass) and classid "
           "<> 0";
}

} // namespace tusk::schema::detail
