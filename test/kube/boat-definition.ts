/** Boats as a kind that a real API server serves: with a status that is checked. */
export const boats = { group: 'canal.lockkeeper.test', version: 'v1', plural: 'boats' };

export const boatDefinition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: boats.${boats.group} }
spec:
  group: ${boats.group}
  scope: Namespaced
  names: { kind: Boat, plural: boats, singular: boat, listKind: BoatList }
  versions:
    - name: ${boats.version}
      served: true
      storage: true
      subresources: { status: {} }
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: { type: object, x-kubernetes-preserve-unknown-fields: true }
            status:
              type: object
              properties:
                level: { type: integer, maximum: 9 }
                harbour: { type: string }
                crew: { type: array, x-kubernetes-list-type: atomic, items: { type: string } }
`;
