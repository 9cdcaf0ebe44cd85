// Designs an API: the description of a resource with the endpoints that such resources have.
import type { Description, Kind } from '../description.ts'

const KINDS: ReadonlySet<string> = new Set<Kind>(['string', 'integer', 'boolean'])

export default {
  design_api({ resource, fields, version }: Omit<Description, 'endpoints'>): Description {
    if (!/^[a-z]+$/.test(resource))
      throw new TypeError(`a resource is named in small letters, found ${resource}`)
    for (const [name, kind] of Object.entries(fields)) {
      if (!KINDS.has(kind)) throw new TypeError(`${name} is of no kind that there is: ${kind}`)
    }
    const all = `/${resource}`
    const one = `${all}/{id}`
    return {
      resource,
      version,
      fields,
      endpoints: [
        { method: 'GET', path: all, does: 'list', status: 200 },
        { method: 'POST', path: all, does: 'create', status: 201 },
        { method: 'GET', path: one, does: 'read', status: 200 },
        { method: 'PUT', path: one, does: 'replace', status: 200 },
        { method: 'DELETE', path: one, does: 'remove', status: 204 },
      ],
    }
  },
}
